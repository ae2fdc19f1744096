from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retriever import DocumentError
from retriever.loaders.text_decoding import clean, decode

GERMAN = (
    "Die Gebühr für den Parkausweis beträgt 35 € im Jahr. Anträge können größtenteils über das "
    "Bürgerbüro gestellt werden; für Schüler gilt eine Ermäßigung."
)
FRENCH = (
    "Le règlement intérieur prévoit que les élèves doivent être présents à huit heures précises. "
    "À défaut, une note est adressée aux parents, où qu\u2019ils soient."
)
SPANISH = (
    "El año pasado la señora Núñez compró un jardín pequeño en Málaga. ¿Cuánto costó? "
    "¡Más de lo que pensábamos!"
)
POLISH = (
    "Biblioteka jest otwarta od poniedziałku do piątku. Każdy czytelnik może wypożyczyć pięć "
    "książek na dwa tygodnie. Źródła są dostępne."
)
RUSSIAN = (
    "Библиотека открыта по понедельникам и пятницам после девяти утра. Каждый "
    "читатель может взять до пяти книг на две недели."
)
FERRY = "鹿鸣镇的渡轮每天早上六点出发。船长住在河边的旧房子里，冬天不开船。"  # noqa: RUF001 - Chinese
THAI = "ห้องสมุดเปิดตั้งแต่เก้าโมงเช้า ผู้อ่านยืมหนังสือได้ห้าเล่ม เป็นเวลาสองสัปดาห์"
PERSIAN = "کتابخانه از نه صبح باز است، و کتاب‌ها را می‌توان برد.\n"  # noqa: RUF001 - Persian
JAPANESE = (
    "図書館は月曜日から金曜日まで午前九時に開きます。本の貸し出しは一人五冊まで、二週間です。"
)
CHINESE = "图书馆星期一至星期五上午九点开门。每位读者最多可以借五本书。借期为两个星期。"
TAIWANESE = "圖書館星期一至星期五上午九點開門。每位讀者最多可以借五本書。借期為兩個星期。"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (GERMAN, "cp1252"),
        (FRENCH, "cp1252"),
        (SPANISH, "latin-1"),
        (POLISH, "cp1250"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8-r"),
        (JAPANESE, "shift_jis"),
        (JAPANESE, "euc_jp"),
        (CHINESE, "gbk"),
        (TAIWANESE, "big5"),
    ],
)
@pytest.mark.parametrize("repeats", [1, 2000])
def test_a_paragraph_is_read_in_its_encoding(text: str, encoding: str, repeats: int) -> None:
    text = "\n".join([text] * repeats)
    assert decode(text.encode(encoding), "a.txt") == text


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"Geb\xfchr: 5 \x80", "Gebühr: 5 €"),
        (b"caf\xe9", "café"),
        (b"Gr\xf6\xdfe", "Größe"),
        (b"\x93It\x92s\x94 \x96 na\xefve", "\u201cIt\u2019s\u201d \u2013 naïve"),
        ("Привет, как дела?".encode("cp1251"), "Привет, как дела?"),
        (FERRY.encode("gb18030"), FERRY),
        (THAI.encode("tis_620"), THAI),
    ],
)
def test_a_few_words_are_read_too(data: bytes, text: str) -> None:
    assert decode(data, "a.txt") == text


@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"],
)
def test_unicode_is_read_with_and_without_a_mark(encoding: str) -> None:
    text = "Fees for the pool, as of 2024: 5 €\nmore below"
    assert decode(text.encode(encoding), "a.txt") == text


def test_what_is_declared_goes_before_a_guess() -> None:
    assert decode("Größe".encode("cp850"), "a.txt", "cp850") == "Größe"
    assert decode("図書館".encode("iso2022_jp"), "a.txt", "iso-2022-jp") == "図書館"
    assert decode(b"\x80 5", "a.txt", "ISO-8859-1") == "€ 5"


def test_valid_utf8_goes_before_what_is_declared() -> None:
    assert decode("Größe".encode(), "a.txt", "latin-1") == "Größe"


@pytest.mark.parametrize("declared", ["no-such", "hex", "utf-16", "undefined"])
def test_a_wrong_declaration_is_passed_over(declared: str) -> None:
    assert decode(b"plain words", "a.txt", declared) == "plain words"


def test_control_characters_are_removed() -> None:
    assert decode(b"one\x00 two\x07 three\x0bfour, and more words", "a.txt") == (
        "one two threefour, and more words"
    )
    assert decode(GERMAN.encode("cp1252") * 9 + b"\x00", "a.txt") == GERMAN * 9
    assert decode(b"\x1b[31mred\x1b[0m text", "a.log") == "red text"


@pytest.mark.parametrize(
    "data",
    [
        bytes(range(256)) * 4,
        b"\x00" * 100,
        b"\x00",
        b"text\x00\x00\x00\x00" * 10,
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x01\x00\x00\x00\x01\x00\x08\x06\x00\x00\x00",
    ],
)
def test_what_is_not_text_is_refused(data: bytes) -> None:
    with pytest.raises(DocumentError, match="is not text") as caught:
        decode(data, "a.txt")
    assert "a.txt" in caught.value.message
    assert caught.value.hint


@settings(deadline=None)  # the first call imports a library
@given(st.binary(max_size=400), st.sampled_from(["", "utf-8", "gbk", "utf-7", "idna", "x"]))
def test_any_bytes_are_text_or_refused(data: bytes, declared: str) -> None:
    try:
        text = decode(data, "a.txt", declared)
    except DocumentError:
        return
    assert "\x00" not in text
    assert "\r" not in text
    text.encode("utf-8")  # no lone surrogates


@settings(deadline=None)  # the first call imports a library
@given(st.text())
def test_clean_text_can_be_encoded_and_stays_as_it_is(text: str) -> None:
    once = clean(text)
    once.encode("utf-8")
    assert clean(once) == once


@settings(deadline=None)  # the first call imports a library
@given(st.text(alphabet=st.characters(exclude_categories=["C"])))
def test_unicode_text_comes_back_whole(text: str) -> None:
    assert decode(text.encode(), "a.txt") == clean(text)


@pytest.mark.parametrize("text", [GERMAN, RUSSIAN, JAPANESE, CHINESE, PERSIAN])
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("repeats", [1, 2000])
def test_utf16_without_a_mark_is_read_in_every_script(
    text: str, encoding: str, repeats: int
) -> None:
    text = f"{text}\n" * repeats
    assert decode(text.encode(encoding), "a.txt") == text


@pytest.mark.parametrize("text", [GERMAN, RUSSIAN, JAPANESE])
@pytest.mark.parametrize("damage", [b"\xff", b"caf\xe9", "ü".encode()[:1]])
def test_a_damaged_byte_costs_no_other_character_of_utf8(text: str, damage: bytes) -> None:
    data = text.encode() + b" " + damage
    assert decode(data, "a.txt").startswith(text)
    assert decode(damage + b" " + text.encode(), "a.txt").endswith(text)
