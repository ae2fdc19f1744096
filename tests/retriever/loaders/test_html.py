from __future__ import annotations

import pytest

from retriever.content import Content, Format
from retriever.loaders import load

PAGE = """<!DOCTYPE html>
<html><head><title>Pool &amp; sauna</title><style>p {}</style>
<meta property="article:published_time" content="2024-03-12T09:00:00+01:00"></head>
<body>
<header><a href="/">Site name</a></header><nav><ul><li>Menu</li></ul></nav>
<main><h1>The pool</h1>
<p>Open <b>daily</b>, see <a href="https://example.org/x">the plan</a>. snake_case * 2</p>
<h2>Fees</h2>
<table><thead><tr><th>who</th><th>price</th></tr></thead>
<tbody><tr><td>adult|senior</td><td>5</td></tr></tbody></table>
<ul><li>towel<ul><li>big</li></ul></li><li>key</li></ul>
<pre><code>a = 1
b = 2</code></pre>
<img src="data:image/png;base64,AAAA" alt="a map">
<p hidden>secret 1</p><p aria-hidden="true">secret 2</p>
<p style="color:red; DISPLAY : none">secret 3</p>
</main>
<aside>Advert</aside><script>alert(1)</script><footer>Imprint</footer>
</body></html>"""


def read(html: str, name: str = "a.html") -> Content:
    return load(html.encode(), name)


def text_of(html: str) -> str:
    return read(html).parts[0].text


def test_a_page_becomes_markdown_without_its_surroundings() -> None:
    content = read(PAGE)
    assert (content.title, content.date) == ("Pool & sauna", "2024-03-12")
    assert content.parts[0].format is Format.MARKDOWN
    assert content.parts[0].text == (
        "# The pool\n\nOpen **daily**, see the plan. snake_case * 2\n\n## Fees\n\n"
        "| who | price |\n| --- | --- |\n| adult\\|senior | 5 |\n\n"
        "- towel\n  - big\n- key\n\n```\na = 1\nb = 2\n```"
    )


def test_without_a_title_the_first_heading_names_the_page() -> None:
    assert read("<header><h1>The <i>rules</i></h1></header><p>Text</p>").title == "The rules"


def test_a_time_element_dates_the_page() -> None:
    assert read('<p>On <time datetime="2023-05-01T10:00">Monday</time></p>').date == "2023-05-01"
    assert read('<p>On <time datetime="PT2H">two hours</time></p>').date == ""


def test_a_small_article_is_not_the_whole_page() -> None:
    html = "<article>Teaser</article><p>" + "The text of the page. " * 9 + "</p>"
    assert "Teaser" in text_of(html)
    assert "The text of the page." in text_of(html)


def test_the_header_of_an_article_is_kept() -> None:
    html = "<header>Site</header><article><header><h1>Rules</h1></header><p>Long text</p></article>"
    assert text_of(html) == "# Rules\n\nLong text"


def test_a_form_around_the_page_is_kept_and_a_search_form_dropped() -> None:
    html = "<form><p>The whole page is in here.</p><button>Send</button></form>"
    assert text_of(html) == "The whole page is in here."
    assert text_of("<form>Search</form><p>Some more text than that.</p>") == (
        "Some more text than that."
    )


def test_a_table_for_layout_becomes_paragraphs() -> None:
    html = (
        "<table><tr><td><p>Dear all,</p></td></tr><tr><td>"
        "<table><tr><td>day</td><td>who</td></tr><tr><td>Mon</td><td>Ann</td></tr></table>"
        "</td></tr></table>"
    )
    assert text_of(html) == "Dear all,\n\n| day | who |\n| --- | --- |\n| Mon | Ann |"


@pytest.mark.parametrize(
    ("head", "encoding"),
    [
        ('<meta charset="cp1251">', "cp1251"),
        ('<meta http-equiv="Content-Type" content="text/html; charset=shift_jis">', "shift_jis"),
        ('<?xml version="1.0" encoding="koi8-r"?>', "koi8-r"),
        ('<meta charset="iso-8859-1">', "utf-8"),
        ("", "utf-16"),
    ],
)
def test_the_encoding_that_a_page_declares_is_used(head: str, encoding: str) -> None:
    data = f"<html><head>{head}</head><body><p>Кот</p></body></html>".encode(encoding)
    assert load(data, "a.xhtml").parts[0].text == "Кот"


def test_deeply_nested_pages_keep_their_text() -> None:
    assert text_of("<div>" * 5000 + "deep" + "</div>" * 5000 + "<p>shallow</p>") == "deep\nshallow"


@pytest.mark.parametrize("html", ["", "<html>", "<script>x</script>", "<body></body>"])
def test_a_page_without_text_is_blank(html: str) -> None:
    assert read(html).is_blank


def test_broken_html_is_read_as_browsers_do() -> None:
    assert text_of("<p>one<p>two <b>three</p>&#xD800;<td>four") == (
        "one\n\ntwo **three**\n\n**\ufffdfour**"
    )


def test_noise_inside_noise_is_dropped_with_it() -> None:
    inner = "<script>x</script><nav hidden><p style='display:none'>y</p></nav>" * 50
    html = f"<form><p>Kept</p></form><nav>{inner}<aside>{inner}</aside></nav>"
    assert text_of(html) == "Kept"
