"""Documents on the page: upload, list, remove, collections."""

from __future__ import annotations

from pathlib import Path

from selenium.webdriver.common.keys import Keys

from tests.page.backend import Backend
from tests.page.reader import Reader

FILES = ".files .name"


def test_a_file_is_sent_read_and_listed(reader: Reader, backend: Backend, tmp_path: Path) -> None:
    reader.reads(FILES, "handbook/lost-property.md")
    file = tmp_path / "hut <b>rules.md"
    file.write_text("# Rules\n\nNo dogs.", encoding="utf-8")
    reader.one("#files").send_keys(str(file))
    reader.reads(FILES, "hut <b>rules.md")
    assert not reader.all(".sending li")
    assert list(backend.library.stores["vs_default"].values()) == ["completed", "completed"]


def test_files_can_be_dropped_anywhere(reader: Reader) -> None:
    reader.one(FILES)
    reader.run(
        "const data = new DataTransfer();"
        "data.items.add(new File(['Some text.'], 'dropped.txt'));"
        "const send = (kind) => document.body.dispatchEvent(new DragEvent(kind,"
        " {bubbles: true, cancelable: true, dataTransfer: data}));"
        "send('dragover'); send('drop');"
    )
    reader.reads(FILES, "dropped.txt")


def test_a_file_that_cannot_be_read_says_why(reader: Reader, tmp_path: Path) -> None:
    reader.one(FILES)
    file = tmp_path / "picture.bad"
    file.write_bytes(b"\x00")
    reader.one("#files").send_keys(str(file))
    reader.reads(".sending", "Not read: no format that is read here")
    reader.press_named("Dismiss")
    reader.until(lambda: not reader.all(".sending li"))
    reader.reads(".files", "not read: no format that is read here")


def test_a_file_that_is_being_read_is_looked_at_again(reader: Reader, backend: Backend) -> None:
    backend.library.stores["vs_default"]["doc-1"] = "in_progress"
    reader.reload()
    reader.reads(".files", "being read")
    backend.library.stores["vs_default"]["doc-1"] = "completed"
    reader.until(lambda: "being read" not in reader.text(".files"))


def test_a_document_is_removed_after_a_second_press(reader: Reader, backend: Backend) -> None:
    reader.press("[aria-label='Remove handbook/lost-property.md']")
    assert backend.library.stores["vs_default"]
    reader.press_named("Yes, remove handbook/lost-property.md")
    reader.reads("#documents", "No documents yet.")
    assert not backend.library.stores["vs_default"]
    reader.reads("#documents [role=status]", "its file stays on disk")


def test_an_upload_that_is_removed_is_deleted(
    reader: Reader, backend: Backend, tmp_path: Path
) -> None:
    reader.one(FILES)
    file = tmp_path / "gone.md"
    file.write_text("Gone.", encoding="utf-8")
    reader.one("#files").send_keys(str(file))
    reader.press("[aria-label='Remove gone.md']")
    reader.press_named("Yes, remove gone.md")
    reader.until(lambda: "gone.md" not in reader.texts(FILES))
    reader.until(lambda: "gone.md" not in backend.library.files.values())


def test_a_collection_is_made_chosen_and_asked(reader: Reader, backend: Backend) -> None:
    reader.press_named("New")
    reader.one("#new-collection").send_keys("Huts", Keys.ENTER)
    reader.reads("[role=alert]", "name is 'Huts'; use small letters")
    reader.press_named("New")
    reader.one("#new-collection").send_keys("huts", Keys.ENTER)
    reader.until(
        lambda: reader.run("return document.querySelector('#collection')?.value") == "huts"
    )
    reader.reads("#documents", "No documents yet.")
    reader.ask_and_wait()
    assert backend.asked[0]["overlay"]["collection"] == "huts"
    reader.reload()
    reader.until(
        lambda: reader.run("return document.querySelector('#collection')?.value") == "huts"
    )
