"""Asking, and what stands around an answer."""

from __future__ import annotations

import pytest
from selenium.webdriver.common.keys import Keys

from tests.page.answers import HOSTILE
from tests.page.backend import Backend
from tests.page.reader import Reader


def test_a_stranger_sees_what_to_do(reader: Reader) -> None:
    assert reader.text(".welcome h2") == "Ask your documents"
    reader.reads(".welcome", "There is 1 already.")
    reader.reads(".model", "fake")


def test_an_answer_says_what_it_rests_on_and_how_sure_it_is(
    reader: Reader, backend: Backend
) -> None:
    reader.ask_and_wait()
    assert reader.text(".text").startswith("It is kept for 60 days.")
    assert reader.text(".index .advice") == "Check it before you rely on it"
    reader.reads(".index", "About 1 of 4 such answers is wrong.")
    reader.reads(".index", "Volatility index 0.26")
    places = reader.texts(".rests .where")
    assert places == ["handbook/lost-property.md", "fees.pdf, page 3"]
    assert reader.text(".rests mark") == "Lost property is kept for 60 days."
    assert reader.text(".rests blockquote") == "Lost property is kept for 60 days."
    reader.press_named("Show the whole passage")
    assert reader.text(".rests blockquote").startswith("# Shelf")
    # Read aloud once it is there, not word by word.
    reader.reads("[role=status]", "About 1 of 4")
    assert backend.asked[0]["overlay"] == {"steps": True, "collection": "default"}


def test_each_sentence_is_linked_to_what_makes_it_likelier(reader: Reader) -> None:
    reader.ask_and_wait()
    assert reader.texts(".support") == ["passage 1 +1.25 nats a token"]
    assert reader.texts(".sentence .unsupported") == ["no passage supports this"]
    reader.press(".rests summary")
    reader.press(".support")
    assert reader.run("return document.activeElement.closest('details').open")


def test_the_trajectory_shows_every_verdict_by_word_and_shape(reader: Reader) -> None:
    reader.ask_and_wait()
    words = ["accepted", "part", "outvoted", "rejected", "rejected", "left out"]
    assert reader.texts(".words .word") == words
    assert len(set(reader.texts(".words .sign"))) == 5
    lines = reader.texts(".limit-word")
    assert lines == ["step ≤ 0.60", "answer ≤ 2.00"]
    # Under the step's line is what was let in: its mark stands lower, so at a larger y.
    line = float(reader.one(".limit.step").get_attribute("y1") or 0)
    for mark, word in zip(reader.all(".mark .disc"), words, strict=True):
        over = float(mark.get_attribute("cy") or 0) < line
        assert over == (word == "rejected")


def test_a_step_gives_its_reason_and_its_passage_to_the_keyboard(reader: Reader) -> None:
    reader.ask_and_wait()
    mark = reader.all(".mark")[4]
    reader.run("arguments[0].focus()", mark)
    reader.reads(".reason", "Step 5, prices.pptx, slide 2: rejected. it spends 0.72")
    mark.send_keys(Keys.ENTER)
    assert "A bunk is 19 marks." in reader.text(".chosen blockquote")
    assert reader.text(".chosen .heading") == "prices, 2024-05-01"
    assert "slide 2" in (mark.get_attribute("aria-label") or "")
    reader.press(".chosen h4 button")
    reader.until(lambda: not reader.all(".chosen"))


def test_the_picture_is_a_table_too(reader: Reader) -> None:
    reader.ask_and_wait()
    reader.press_named("The same as a table")
    rows = reader.texts(".numbers tbody tr")
    assert len(rows) == 6
    assert rows[1].startswith("2fees.pdf, page 3part accepted0.410.41")


def test_the_slider_asks_again_and_shows_what_changed(reader: Reader, backend: Backend) -> None:
    reader.ask_and_wait()
    before = reader.one(".limit.step").get_attribute("y1")
    slider = reader.one(".budget input")
    for _ in range(6):
        slider.send_keys(Keys.ARROW_LEFT)
    reader.reads(".budget", "1 of 6 passages keep under it")
    assert reader.one(".limit.step").get_attribute("y1") != before
    reader.press_named("Ask again with 0.30")
    reader.reads(".changed", "No longer let in: fees.pdf, page 3.")
    reader.reads(".changed", "The answer was: “It is kept for 60 days. Clothes go to the parish.”")
    assert reader.text(".text").startswith("60 days.")
    assert backend.asked[1]["overlay"]["budget"] == {"step": 0.3, "answer": 2}
    assert len(backend.asked[1]["messages"]) == 1


def test_overlay_on_and_off_side_by_side(reader: Reader, backend: Backend) -> None:
    reader.ask_and_wait()
    reader.press_named("Compare with the overlay off")
    reader.reads(".answer:nth-of-type(2) .text", "All of it is kept.")
    assert backend.asked[1]["model"] == "overlay:plain"
    reader.reads(".answer:nth-of-type(2) .index", "nothing was judged")
    left, right = (one.rect for one in reader.all(".compared > .answer"))
    assert left["y"] == right["y"]
    assert left["x"] + left["width"] <= right["x"]


def test_conflicts_and_variants(reader: Reader) -> None:
    reader.ask_and_wait()
    kept, out = reader.texts(".sides > div")
    assert "handbook/lost-property.md" in kept
    assert "archive/old.md" in out
    tried = reader.texts(".variants li")
    assert "as judged" in tried[0]
    assert "(this answer)" in tried[1]
    assert "index 0.26" in tried[1]


def test_the_token_heat_map_comes_on_demand(reader: Reader) -> None:
    reader.ask_and_wait()
    reader.press_named("Token heat map")
    assert reader.text(".heat p") == "sixty days <b>"
    assert "“sixty” +0.42" in reader.text(".heat figcaption")


def test_thumbs_are_feedback(reader: Reader, backend: Backend) -> None:
    reader.ask_and_wait()
    reader.press("[aria-label='Bad answer']")
    reader.reads(".feedback", "Kept with the answer's report.")
    assert reader.one("[aria-label='Bad answer']").get_attribute("aria-pressed") == "true"
    reader.one("[aria-label='Comment on this answer']").send_keys("too short", Keys.ENTER)
    reader.until(lambda: len(backend.rated) == 2)
    assert backend.rated[0] == {"id": "chatcmpl-1", "rating": "down"}
    assert backend.rated[1]["comment"] == "too short"


def test_text_of_documents_and_answers_is_text(reader: Reader) -> None:
    reader.ask_and_wait("hostile <img src=x onerror=window.hacked=4>")
    reader.press(".mark:nth-of-type(5)")
    assert HOSTILE in reader.text(".chosen blockquote")
    assert HOSTILE in reader.text(".text")
    assert not reader.all("img, main script, blockquote b, .text a[href^=javascript]")
    assert reader.run("return window.hacked ?? null") is None


@pytest.mark.parametrize(
    ("question", "says"),
    [("refuse", "the prompt has 65 tokens; ask for less"), ("break", "the model failed")],
)
def test_an_error_is_shown_in_the_servers_words(reader: Reader, question: str, says: str) -> None:
    reader.ask(question)
    assert says in reader.text(".state[role=alert]")
    reader.press(".state button")
    reader.reads("[role=status]", says)


def test_an_answer_can_be_stopped(reader: Reader, backend: Backend) -> None:
    reader.ask("hold")
    reader.reads(".text", "It")
    # The picture grows while the passages are judged.
    assert len(reader.all(".mark")) == 6
    reader.press("button.stop")
    assert "Stopped." in reader.text(".state")
    backend.release.set()
    reader.press(".state button")
    reader.reads(".text", "60 days")


def test_a_reload_in_the_middle_of_a_stream(reader: Reader, backend: Backend) -> None:
    reader.ask_and_wait("First?")
    reader.ask("hold on")
    reader.reads(".turn:nth-of-type(2) .text", "It")
    reader.reload()
    assert reader.text(".turn:nth-of-type(2) .text") == "It"
    assert "Interrupted" in reader.text(".state")
    # What was finished is there in full.
    assert reader.text(".turn:nth-of-type(1) .support") == "passage 1 +1.25 nats a token"
    backend.release.set()
    reader.press_named("Ask again")
    reader.reads(".turn:nth-of-type(2) .text", "60 days")
    assert [one["content"][:5] for one in backend.asked[-1]["messages"]] == [
        "First",
        "It is",
        "hold ",
    ]


def test_a_new_question_stands_at_the_top_while_its_answer_grows(reader: Reader) -> None:
    for question in ("One?", "Two?"):
        reader.ask_and_wait(question)
    top = "return document.querySelector('.turn:nth-of-type(2) h2').getBoundingClientRect().top"
    assert 40 < reader.run(top) < 120


def test_a_new_chat_forgets_the_old_one(reader: Reader) -> None:
    reader.ask_and_wait()
    reader.press_named("New chat")
    reader.one(".welcome")
    reader.reload()
    reader.one(".welcome")


def test_what_the_server_lacks_is_left_out(reader: Reader, backend: Backend) -> None:
    backend.absent = {"probe", "feedback", "vector_stores"}
    reader.reload()
    reader.reads("#documents", "overlay ingest FOLDER")
    reader.ask("Anything?")
    reader.press("[aria-label='Good answer']")
    reader.reads(".feedback", "Not kept")
    assert not reader.all(".support, .said > .hint")


def test_a_key_is_asked_for_and_kept_for_the_tab(reader: Reader, backend: Backend) -> None:
    backend.key = "secret"
    reader.reload()
    reader.one("#key").send_keys("wrong", Keys.ENTER)
    reader.reads(".notice [role=alert]", "an API key is needed")
    reader.one("#key").send_keys(Keys.CONTROL, "a", Keys.NULL, "secret", Keys.ENTER)
    reader.until(lambda: not reader.all("#key"))
    reader.ask_and_wait()
    reader.reload()
    reader.one("button.send:not([disabled])")
    assert not reader.all("#key")
