"""The index of words: what is a word, what finds a chunk, and what a killed writer leaves."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retriever import Chunk, StoreError
from retriever.lexical import FILE, LexicalIndex
from retriever.lexical_tokens import lexical_tokens

TEXTS = {
    "hut": "The hut is opened by the warden; its bunks are for sleepers.",
    "bus": "Bus 61 leaves the station at 06:50.",
    "german": "Die Hütte hat zwölf Betten. Die Straße ist im Winter gesperrt.",
    "thai": "กระท่อมเปิดตลอดทั้งปี รหัสประตูอยู่ที่สถานี",
    "chinese": "小屋的门禁密码每年都会更换。春天的水很干净。",
    "japanese": "山小屋の鍵は駅の窓口で受け取ってください。",
    "korean": "산장의 열쇠는 역에서 받을 수 있습니다.",
    "hindi": "झोपड़ी की चाबी स्टेशन पर मिलती है।",
    "lao": "ກະແຈຢູ່ສະຖານີລົດໄຟ",
    "khmer": "សោរនៅស្ថានីយរថភ្លើង",
    "burmese": "သော့ကို ဘူတာရုံမှာ ရနိုင်သည်",
}


def chunk(source: str, text: str, title: str = "", position: int = 0) -> Chunk:
    identity = hashlib.sha256(f"{source} {position} {text}".encode()).hexdigest()[:32]
    return Chunk(identity, source, title, position, text)


@pytest.fixture
def index(tmp_path: Path) -> Iterator[LexicalIndex]:
    index = LexicalIndex.write(tmp_path, [chunk(name, text) for name, text in TEXTS.items()])
    yield index
    index.close()


def sources(index: LexicalIndex, text: str, k: int = 3) -> list[str]:
    named = {chunk(name, text).id: name for name, text in TEXTS.items()}
    return [named[identity] for identity, _ in index.query(text, k)]


@pytest.mark.parametrize(
    ("question", "source"),
    [
        ("Who opens huts?", "hut"),
        ("a SLEEPING bunk", "hut"),
        ("bus No. \uff16\uff11", "bus"),
        ("Wie viele Betten hat die Huette oder Hutte?", "german"),
        ("Welche STRASSEN sind gesperrt?", "german"),
        ("รหัสประตูคืออะไร", "thai"),
        ("门禁密码是什么", "chinese"),
        ("鍵はどこで受け取れますか", "japanese"),
        ("열쇠를 어디서 받나요?", "korean"),
        ("चाबी कहाँ है?", "hindi"),
        ("ກະແຈຢູ່ໃສ", "lao"),
        ("សោរនៅឯណា", "khmer"),
        ("သော့ ဘယ်မှာလဲ", "burmese"),
    ],
)
def test_a_question_finds_its_passage(index: LexicalIndex, question: str, source: str) -> None:
    assert sources(index, question)[0] == source


@pytest.mark.parametrize("text", ["", " ?!", "…", "\x00", '"', "unheardof"])
def test_what_shares_no_word_finds_nothing(index: LexicalIndex, text: str) -> None:
    assert index.query(text, 5) == []


@pytest.mark.parametrize(
    "text", ['bus" OR "hut', "bus NEAR hut", "tokens:bus", "-bus", "bus*", "bus)", "^bus AND"]
)
def test_a_question_is_never_a_query_language(index: LexicalIndex, text: str) -> None:
    assert "bus" in sources(index, text)


def test_a_question_of_many_words(index: LexicalIndex) -> None:
    assert sources(index, " ".join(f"word{n}" for n in range(20_000)) + " station", 1) == ["bus"]


def test_scores_fall_and_ties_are_in_the_order_of_ids(tmp_path: Path) -> None:
    same = [chunk(f"{number}.md", "a red stove") for number in range(9)]
    others = [chunk(f"other {number}", "bunk") for number in range(10)]
    best = chunk("x", "red stove, red stove, red stove")
    index = LexicalIndex.write(tmp_path, [*same, best, *others])
    found = index.query("red stove", 20)
    assert [score for _, score in found] == sorted((s for _, s in found), reverse=True)
    assert found[0][0] == best.id
    assert [identity for identity, _ in found[1:]] == sorted(one.id for one in same)
    assert index.query("red stove", 4) == found[:4]
    index.close()


def test_a_word_of_more_than_half_of_the_chunks_finds_none(tmp_path: Path) -> None:
    held = [chunk(f"{number}.md", f"the hut {number % 2}") for number in range(4)]
    index = LexicalIndex.write(tmp_path, held)
    assert index.query("the", 9) == []
    assert len(index.query("the 1", 9)) == 2
    index.add([chunk("odd", "the hut 1")])
    assert index.query("the 1", 9) == []
    index.close()


def test_titles_are_found(tmp_path: Path) -> None:
    index = LexicalIndex.write(tmp_path, [chunk("a", "The code is 2391.", title="Bothy > Door")])
    assert len(index.query("the bothy", 5)) == 1
    index.close()


def test_what_is_removed_is_not_found(index: LexicalIndex) -> None:
    index.remove(["bus", "never there"])
    assert sources(index, "bus station") == []
    assert index.ids() == {chunk(n, t).id for n, t in TEXTS.items() if n != "bus"}
    index.add([chunk("bus", "No bus on Sunday")])
    assert [identity for identity, _ in index.query("Sunday", 5)] == [
        chunk("bus", "No bus on Sunday").id
    ]


def test_the_order_of_changes_leaves_no_trace_in_scores(
    index: LexicalIndex, tmp_path: Path
) -> None:
    index.add([chunk("gone", "bus bus station hut")])
    index.remove(["gone", "hut"])
    index.add([chunk("hut", TEXTS["hut"])])
    (tmp_path / "fresh").mkdir()
    fresh = LexicalIndex.write(
        tmp_path / "fresh", [chunk(name, text) for name, text in sorted(TEXTS.items())]
    )
    assert index.query("bus at the hut", 9) == fresh.query("bus at the hut", 9)
    fresh.close()


def test_it_is_one_file_that_can_be_read_again(index: LexicalIndex, tmp_path: Path) -> None:
    index.close()
    assert [path.name for path in tmp_path.iterdir()] == [FILE]
    (tmp_path / FILE).chmod(0o444)
    reader = LexicalIndex.read(tmp_path)
    assert reader is not None
    assert sources(reader, "When does the bus leave?", 1) == ["bus"]
    with pytest.raises(StoreError, match="readonly"):
        reader.remove(["bus"])
    reader.close()
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_a_failed_batch_changes_nothing(index: LexicalIndex) -> None:
    before = index.ids()

    def broken() -> Iterator[Chunk]:
        yield chunk("new", "new words")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        index.add(broken())
    assert index.ids() == before
    assert index.query("new", 5) == []


def test_a_folder_without_one(tmp_path: Path) -> None:
    assert LexicalIndex.read(tmp_path) is None
    assert list(tmp_path.iterdir()) == []


def test_an_index_of_other_rules_is_built_again(
    index: LexicalIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.close()
    monkeypatch.setattr("retriever.lexical.TOKEN_RULES", 99)
    assert LexicalIndex.read(tmp_path) is None
    again = LexicalIndex.write(tmp_path, [chunk("only", "one")])
    assert again.ids() == {chunk("only", "one").id}
    again.close()


def test_a_damaged_file(index: LexicalIndex, tmp_path: Path) -> None:
    index.close()
    (tmp_path / FILE).write_bytes(b"garbage" * 1000)
    with pytest.raises(StoreError, match="index of words") as error:
        LexicalIndex.read(tmp_path)
    assert "doctor --repair" in error.value.hint
    with closing(LexicalIndex.write(tmp_path, [])) as anew:  # it is made anew
        assert anew.ids() == set()


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("The hut's Door-code: 2391", ["the", "hut", "s", "door", "code", "2391"]),
        ("ﬁne Straße \uff21\uff22\uff23", ["fine", "strasse", "abc"]),
        ("Donau\u00addampfer", ["donaudampfer"]),
        ("İstanbul", ["istanbul"]),
        ("東京都", ["u26481u20140", "u20140u37117"]),
        ("水", ["u27700"]),
        ("iPhone手机", ["iphone", "u25163u26426"]),
        ("열쇠는", ["열쇠는", "열쇠", "쇠는"]),
        ("역", ["역"]),
        ("2026년", ["2026년", "년"]),
    ],
)
def test_what_is_a_token(text: str, tokens: list[str]) -> None:
    assert lexical_tokens(text) == tokens


@given(st.text())
def test_tokens_are_words_that_fts5_takes_whole(text: str) -> None:
    assert all(token.isalnum() for token in lexical_tokens(text))


@given(st.text(), st.text())
def test_texts_side_by_side_have_the_tokens_of_both(first: str, second: str) -> None:
    assert lexical_tokens(f"{first} . {second}") == lexical_tokens(first) + lexical_tokens(second)


@given(st.text(alphabet="abc ÄÖ ß水門 1"))
def test_case_and_width_make_no_difference(text: str) -> None:
    assert lexical_tokens(text.upper()) == lexical_tokens(text)
