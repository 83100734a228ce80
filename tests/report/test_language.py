import json
import logging
import re
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from fake_study import CONFIG, sampled, write_study
from report_texts import ROOM, placeholders, python_texts, script_texts, template_texts

from dropout_study.cli.report import report
from dropout_study.errors import UserError
from dropout_study.report import language, page
from dropout_study.report.confirmed import described
from dropout_study.report.figures import Drawn, draw_figures, fonts, spec
from dropout_study.report.figures.optimisation_history import FIGURE
from dropout_study.report.headline import headline
from dropout_study.report.language import many, recorded_language, say, speaking
from dropout_study.report.page import write_report
from dropout_study.report.view import StudyView
from dropout_study.results.study import load_study

CATALOGUE: Mapping[str, Mapping[str, str]] = tomllib.loads(
    (ROOM / "language" / "zh.toml").read_text(encoding="utf-8")
)
PAIRS = [pair for part in CATALOGUE.values() for pair in part.items()]
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def test_every_text_has_its_translation() -> None:
    given = {english for english, _ in PAIRS}

    assert sorted({*python_texts(), *template_texts()} - given) == []
    assert sorted(set(script_texts()) - CATALOGUE["scripts"].keys()) == []


def test_the_scripts_say_every_sentence_in_the_language_of_the_page() -> None:
    scripts = [*ROOM.glob("static/*.js")]
    source = " ".join(path.read_text("utf-8") for path in scripts if "min" not in path.suffixes[0])
    sentences = [text for text in CATALOGUE["scripts"] if " " in text.strip()]

    assert len(sentences) > 20
    for text in sentences:
        assert source.count(f'"{text}"') == source.count(f'say("{text}"'), text


def test_no_placeholder_is_lost() -> None:
    assert len(PAIRS) > 100
    for english, chinese in PAIRS:
        assert placeholders(chinese) == placeholders(english), english


def test_a_text_has_one_translation() -> None:
    told: dict[str, str] = {}
    for english, chinese in PAIRS:
        assert told.setdefault(english, chinese) == chinese


def test_no_translation_is_left_over() -> None:
    sources = [*ROOM.rglob("*.py"), *ROOM.glob("templates/*"), *ROOM.glob("static/*.js")]
    source = " ".join(path.read_text(encoding="utf-8") for path in sources)
    source = re.sub(r'"\s*\n\s*f?"', "", source).replace('\\"', '"')
    words = CATALOGUE["words"].keys()  # also names of columns, which the study gives

    assert [
        text for text, _ in PAIRS if text.replace("\n", "\\n") not in source and text not in words
    ] == []


def test_a_text_is_said_in_the_language_of_the_block() -> None:
    assert say("trial {number}", number=3) == "trial 3"
    with speaking("zh"):
        assert say("trial {number}", number=3) == "试验 3"
        assert say("of nobody: {it}", it="{x} 5 %") == "of nobody: {x} 5 %"
        assert say("95 % interval").startswith("95\N{NO-BREAK SPACE}%")
    assert many(1, "{count} seed", "{count} seeds") == "1 seed"
    assert many(2000, "{count} seed", "{count} seeds") == "2,000 seeds"


def test_an_unknown_language_is_refused_with_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UserError, match=r"^`report.language` must be one of en, zh, got 'fr'$"):
        write_report(write_study(tmp_path, ["COMPLETE"]), chosen="fr")

    monkeypatch.setattr(sys, "argv", ["dropout-study-report", str(tmp_path), "--language", "fr"])
    with pytest.raises(SystemExit, match=r"--language.*'fr'.*en"):
        report()
    assert not (tmp_path / "report.html").exists()


@pytest.mark.parametrize("asked", [{"language": "zh"}, None, {"language": "fr"}, "zh", 3])
def test_the_recorded_language_is_taken_if_it_is_one(asked: Any) -> None:
    expected = "zh" if asked == {"language": "zh"} else "en"
    assert recorded_language({"report": asked}) == expected


class Asked(dict[str, str]):
    """A catalogue that remembers what it lacks."""

    def get(self, key: str, default: Any = None) -> Any:
        if key not in self:
            self.lacks.add(key)
        return super().get(key, default)

    lacks: set[str]


def test_a_page_in_chinese_has_no_sentence_in_english(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = Asked(language.texts("zh"))
    asked.lacks = set()
    monkeypatch.setattr(language, "texts", lambda name: asked if name == "zh" else {})
    monkeypatch.setattr(page, "draw_figures", lambda _, __, specs, **_more: list(map(Drawn, specs)))
    states = ["COMPLETE"] * 12 + ["PRUNED", "RUNNING", "FAIL"]
    config = {**CONFIG, "report": {"language": "zh"}}
    write_study(tmp_path, states, params=sampled, config=config)

    told = write_report(tmp_path).read_text(encoding="utf-8")

    assert '<html lang="zh-CN">' in told
    assert "全部试验" in told
    texts = re.search(r'id="texts">(.*?)</script>', told)
    assert texts is not None
    assert json.loads(texts[1])["Next"] == "下一页"
    assert [text for text in asked.lacks if " " in text] == []


def test_the_sentences_of_a_study_are_chinese(tmp_path: Path) -> None:
    write_study(tmp_path)

    with speaking("zh"):
        sentences = headline(StudyView(load_study(tmp_path)))

    assert sentences[0].startswith("按验证精度")
    assert "最好的是试验 3" in sentences[0]
    assert all(CHINESE.search(sentence) for sentence in sentences)


def test_what_was_confirmed_is_described_in_chinese(tmp_path: Path) -> None:
    view = StudyView(load_study(write_study(tmp_path)))
    texts = {
        "best by validation accuracy, best predicted validation accuracy": "按验证精度最好, 预测的",
        "4th by validation accuracy": "按验证精度第 4",
        "the book's rates (its own lr, epochs)": "书中的暂退概率",
        "trial 11 with no dropout": "试验 11",
        "trial_0 again, other seeds": "trial_0 用其他随机种子再训练",
        "trial 3 (dropout1 = 0.1)": "trial 3 (dropout1 = 0.1)",
    }
    for text, chinese in texts.items():
        assert described(view, text) == text
        with speaking("zh"):
            assert described(view, text).startswith(chinese)


def test_without_a_chinese_font_the_figures_stay_english_and_one_line_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    import matplotlib.font_manager

    monkeypatch.setattr(matplotlib.font_manager, "findSystemFonts", lambda: ["/usr/a/DejaVu.ttf"])
    fonts.chinese_font.cache_clear()
    write_study(tmp_path, ["COMPLETE"] * 3)
    with caplog.at_level(logging.WARNING), speaking("zh"):
        chosen = [spec._speech() for _ in range(3)]
    fonts.chinese_font.cache_clear()

    assert chosen == [("en", ["sans-serif"])] * 3
    assert [record.message.partition(" (")[0] for record in caplog.records] == [
        "no font with Chinese characters is installed"
    ]


@pytest.mark.skipif(not fonts.chinese_font(), reason="no font with Chinese characters")
def test_with_a_chinese_font_the_figures_are_chinese(tmp_path: Path) -> None:
    view = StudyView(load_study(write_study(tmp_path, ["COMPLETE"] * 3)))

    with speaking("zh"):
        draw_figures(view, tmp_path, [FIGURE])

    drawing = (tmp_path / "optimisation_history.svg").read_text(encoding="utf-8")
    assert "验证精度" in drawing
