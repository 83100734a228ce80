"""The page in a real browser, driven as a reader would."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from chromium import CHROMIUM, Browser, browser
from fake_study import sampled, write_study

from dropout_study.comparison.compare import compare
from dropout_study.comparison.page import write_page
from dropout_study.report.figures import study_figures
from dropout_study.report.page import write_report

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium")
STATES = ["COMPLETE"] * 28 + ["PRUNED", "FAIL"]
HOSTILE = (
    "<img src=x onerror=\"document.title='run'\">$</script><script>document.title='run'</script>"
)
CONFIRMATION = """configuration,description,n,mean,sd,low,high,minus_book,minus_book_n,\
minus_book_low,minus_book_high,minus_book_p,minus_book_p_holm,minus_no_dropout,minus_no_dropout_n,\
minus_no_dropout_low,minus_no_dropout_high,minus_no_dropout_p,minus_no_dropout_p_holm,differences
trial_3,best by validation accuracy,9,.88,.01,.87,.89,.02,9,.01,.03,.01,.02,.03,9,.01,.04,.01,.02,2
"""
POINT = """(() => {{
  const home = document.querySelector('[data-chart={kind}]');
  home.scrollIntoView({{block: 'center'}});
  const box = home.querySelector('.canvas').getBoundingClientRect();
  const [x, y] = home.chart.convertToPixel({finder}, {value});
  return [box.left + x, box.top + y];
}})()"""


def named(number: int) -> dict[str, Any]:
    return {**sampled(number), "model.act": [HOSTILE, "relu"][number % 2]}


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = write_study(tmp_path_factory.mktemp("study"), STATES, params=named)
    (root / "confirmation.csv").write_text(CONFIRMATION)
    return write_report(root)


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("profile")) as tab:
        yield tab


@pytest.fixture
def tab(started: Browser, page: Path) -> Iterator[Browser]:
    """The page, freshly opened. After each test: no error, no request, no hostile name was run."""
    started.events.clear()
    started.open(page)
    started.wait("document.querySelector('[data-chart=history]').chart !== undefined")
    yield started
    assert started.problems() == []
    assert started.requests() == [page.as_uri()]
    assert str(started.run("document.title")).startswith("Study ")


def shown(tab: Browser) -> list[int]:
    rows = "[...document.querySelectorAll('#trials tbody tr')].map(r => Number(r.dataset.trial))"
    return list(tab.run(rows))


def click(tab: Browser, element: str) -> None:
    """Clicks an element that a script finds, in its middle."""
    where = f"""(() => {{ const each = {element}; each.scrollIntoView({{block: 'center'}});
      const box = each.getBoundingClientRect();
      return [box.left + box.width / 2, box.top + box.height / 2]; }})()"""
    tab.click(*tab.run(where))


def button(text: str) -> str:
    return f"[...document.querySelectorAll('button')].find(b => b.textContent === '{text}')"


def labelled(text: str) -> str:
    return f"document.querySelector('[aria-label=\"{text}\"]')"


def at_trial(tab: Browser, kind: str, trial: int) -> tuple[float, float]:
    value = f"[{trial}, study.value(study.row({trial}), study.objective)]"
    x, y = tab.run(POINT.format(kind=kind, finder="{seriesIndex: 0}", value=value))
    return x, y


def test_without_scripts_and_on_paper_the_pictures_stand(tab: Browser) -> None:
    pictures = "document.querySelectorAll('figure svg[role=img][aria-label]').length"
    figures = len(study_figures()) + 1  # and that of the confirmation
    seen = "[...document.querySelectorAll('figure')].filter(f => f.offsetHeight > 0).length"
    assert tab.run(pictures) == figures
    assert tab.run(seen) < figures

    tab.call("Emulation.setEmulatedMedia", media="print")
    assert tab.run(seen) == figures
    tab.call("Emulation.setEmulatedMedia", media="")
    tab.run("document.documentElement.classList.remove('live')")
    assert tab.run(seen) == figures


def test_the_table_sorts_filters_and_turns_pages(tab: Browser) -> None:
    click(tab, button("trial"))
    assert shown(tab) == list(range(25))
    click(tab, button("Next"))
    assert shown(tab) == list(range(25, 30))
    click(tab, button("trial"))
    assert shown(tab) == list(range(29, 4, -1))
    assert tab.run(f"{button('trial')}.closest('th').ariaSort") == "descending"

    click(tab, "document.querySelectorAll('#trials fieldset input[type=checkbox]')[0]")
    assert shown(tab) == [29, 28]
    click(tab, "document.querySelectorAll('#trials fieldset input[type=checkbox]')[0]")
    tab.run(f"{labelled('Column')}.value = 'trial'; {labelled('to')}.value = 3")
    click(tab, button("Filter"))
    assert shown(tab) == [3, 2, 1, 0]
    click(tab, "document.querySelector('.filters button')")
    assert len(shown(tab)) == 25


def test_a_point_tells_its_trial_and_marks_it_everywhere(tab: Browser) -> None:
    x, y = at_trial(tab, "history", 7)

    tab.mouse("Moved", x, y)
    tab.wait("document.querySelector('[data-chart=history] .tip') !== null")
    told = tab.run("document.querySelector('[data-chart=history] .tip').textContent")
    assert told.startswith("trial 7")
    assert "validation accuracy: " in told
    assert "dropout1: " in told
    tab.click(x, y)

    assert tab.run("study.current") == 7
    assert tab.run("document.querySelector('tr.current').dataset.trial") == "7"
    assert tab.run("document.querySelector('#chosen h3').textContent") == "Trial 7"
    assert "trial 7" in tab.run("document.getElementById('spoken').textContent")
    for kind in ("history", "effect", "curves", "parallel"):
        tab.run(f"document.querySelector('[data-chart={kind}]').scrollIntoView()")
        marks = f"document.querySelector('[data-chart={kind}]').chart.getOption().series"
        told = tab.run(f"JSON.stringify({marks}.at(-1).data) + {marks}.map(s => s.name)")
        assert '"trial":7' in told or "trial 7" in told


def test_an_axis_is_not_stretched_by_a_bad_value_and_its_ends_are_round(tab: Browser) -> None:
    told = tab.run("[limits([.1, .8, .81, .82, .83, .84], false), limits([-.8, -.81, -.82], true)]")
    assert told == [{"ends": {"min": 0.8}, "beyond": 1}, {"ends": {}, "beyond": 0}]
    told = tab.run("[round({min: .289, max: .71}), round({min: .011, max: .83}, {log: true})]")
    assert told == [{"min": 0.2, "max": 0.8, "interval": 0.2}, {"min": 0.01, "max": 1}]
    assert tab.run("round({min: 3, max: 4}, {whole: true})") == {"min": 3, "max": 4, "interval": 1}


def test_the_prediction_and_its_band_are_beside_the_trials(tab: Browser) -> None:
    series = "document.querySelector('[data-chart=effect]').chart.getOption().series"
    assert tab.run(f"{series}.map(s => s.name).slice(1, 4)") == ["predicted mean", "below", "band"]
    mean = tab.run(f"{series}[1].data.map(point => point[1])")
    assert all(0.5 < each < 1 for each in mean if each != "-")


def test_a_brush_on_the_parallel_coordinates_filters_the_table(tab: Browser) -> None:
    where = """(() => { const home = document.querySelector('[data-chart=parallel]');
      home.scrollIntoView({block: 'center'});
      const box = home.querySelector('.canvas').getBoundingClientRect();
      const axis = home.chart.getModel().getComponent('parallel', 0).coordinateSystem;
      return ['0.1', '0.4'].map(v => { const p = axis.dataToPoint(Number(v), axis.dimensions[0]);
        return [box.left + p[0], box.top + p[1]]; }); })()"""
    ends = tab.run(where)
    tab.drag(*map(tuple, ends))

    tab.wait("study.filters.size === 1")
    kept = tab.run("study.visible.map(row => study.value(row, 'model.dropout1'))")
    assert 0 < len(kept) < len(STATES)
    assert all(0.09 < rate < 0.41 for rate in kept)
    click(tab, "document.querySelector('.filters button')")
    assert tab.run("study.visible.length") == len(STATES)


def test_chosen_trials_stand_side_by_side(tab: Browser) -> None:
    for trial in (0, 1):
        tab.run("study.sorted.key === 'trial' || study.sort('trial')")
        click(tab, labelled(f"Compare trial {trial}"))

    text = tab.run("document.getElementById('chosen').textContent")
    assert text.startswith("Trials side by side")
    assert text.index("differs") < text.index("act") < text.index("the same")
    assert HOSTILE in text
    links = "[...document.querySelectorAll('#chosen a')].map(a => a.getAttribute('href'))"
    assert tab.run(links) == ["0/", "1/"]
    tab.wait("document.querySelector('[data-chart=sides]').chart !== undefined")
    lines = "document.querySelector('[data-chart=sides]').chart.getOption().series.map(s => s.name)"
    assert tab.run(lines) == ["trial 0", "trial 1"]

    click(tab, labelled("Copy the rerun line of trial 1"))
    tab.wait("document.querySelector('#chosen .note').textContent !== ''")
    assert "dropout-study-rerun" in tab.run(
        "document.querySelectorAll('#chosen code')[1].textContent"
    )


def test_the_keyboard_reaches_what_the_mouse_reaches(tab: Browser) -> None:
    tab.run("document.querySelector('[data-chart=effect] .canvas').focus()")
    tab.key("ArrowRight")
    tab.key("ArrowRight")
    second = tab.run("study.visible[1][0]")
    assert tab.run("study.current") == second
    tab.key("Enter")
    assert tab.run("[...study.chosen]") == [second]
    tab.run(f"{button('trial')}.focus()")
    tab.key("Enter")
    assert shown(tab)[:3] == [0, 1, 2]


def test_the_categories_of_a_parameter_are_filtered_by_keyboard(tab: Browser) -> None:
    tab.run(f"{labelled('Column')}.value = 'model.act'")
    tab.run(f"{labelled('Column')}.dispatchEvent(new Event('change'))")
    assert tab.run(f"{labelled('from')}.offsetHeight") == 0
    tab.run("document.querySelector('.boxes input[value=relu]').focus()")
    tab.key(" ")

    act = "study.visible.map(row => study.value(row, 'model.act'))"
    assert tab.run(f"[...new Set({act})]") == [HOSTILE]
    tab.key(" ")
    assert tab.run("study.visible.length") == len(STATES)
    assert tab.run("study.filters.size") == 0


def test_on_paper_no_row_and_no_figure_is_torn(tab: Browser) -> None:
    tab.call("Emulation.setEmulatedMedia", media="print")
    torn = "[...document.querySelectorAll('.grid tr, figure')].filter(e => e.offsetHeight > 0 && "
    torn += "getComputedStyle(e).breakInside !== 'avoid').length"
    assert tab.run(torn) == 0
    assert tab.run("document.querySelectorAll('.grid tr').length") > 10
    tab.call("Emulation.setEmulatedMedia", media="")


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_a_narrow_window_needs_no_sideways_scrolling(
    started: Browser, page: Path, colours: str
) -> None:
    media = {"name": "prefers-color-scheme", "value": colours}
    started.call("Emulation.setEmulatedMedia", features=[media])
    started.open(page, width=400)
    started.run("study.choose(0, true); study.choose(1, true)")

    assert started.run("document.documentElement.scrollWidth") <= 400
    edges = "[...document.querySelectorAll('.grid td')].map(e => e.getBoundingClientRect().right)"
    assert 0 < started.run(f"Math.max(...{edges})") <= 400
    told = "[...document.querySelectorAll('.grid td')].map(e => e.innerText).join()"
    assert "+3.00" in started.run(told)
    back = started.run("getComputedStyle(document.body).backgroundColor")
    assert (back == "rgb(255, 255, 255)") == (colours == "light")
    assert started.problems() == []


def test_the_best_trials_of_two_studies_stand_side_by_side(
    started: Browser, tmp_path: Path
) -> None:
    roots = [
        write_study(tmp_path / name, STATES[:4], params=lambda n, place=place: named(n + place))
        for place, name in enumerate(("<i>a<_i>", "b"))
    ]
    page = tmp_path / "comparison.html"
    write_page(compare(roots), page)

    started.events.clear()
    started.open(page, width=400)
    started.wait("document.querySelector('[data-chart=sides]').chart !== undefined")

    lines = "document.querySelector('[data-chart=sides]').chart.getOption().series.map(s => s.name)"
    assert started.run(lines) == ["<i>a<_i>", "b"]
    heads = "[...document.querySelectorAll('.sides thead th')].map(th => th.textContent)"
    assert started.run(heads) == ["<i>a<_i> ✕", "b ✕"]
    assert f"{roots[1]} " in started.run("document.getElementById('chosen').textContent")
    assert started.run("document.documentElement.scrollWidth") <= 400
    assert started.problems() == []
    assert started.requests() == [page.as_uri()]
