"""A click list as HTML and Markdown, to print and tick off."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from connectsync.domain.live import Click, ClickList, DistrictClicks
from connectsync.domain.wording import many
from connectsync.report.markdown import plain
from connectsync.report.terminal import inert

STYLE = """\
:root {
  --ink: #1d2733; --soft: #5a6675; --paper: #ffffff; --panel: #f5f7f9;
  --line: #d5dce3; --bad: #b3261e; --care: #8a5a00; --fine: #2b6e3f;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #e6ebf0; --soft: #a3b0bd; --paper: #14191f; --panel: #1c232b;
    --line: #36414d; --bad: #ff9b93; --care: #e9bd6b;
    --fine: #8fd0a3;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; color: var(--ink); background: var(--paper);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", "Liberation Sans", sans-serif;
}
main { max-width: 56rem; margin: 0 auto; padding: 2rem 1.25rem; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 .5rem; }
h2 { font-size: 1.2rem; line-height: 1.3; margin: 0 0 .5rem; }
h3 { font-size: 1rem; margin: 1.25rem 0 0; }
header p { max-width: 44rem; margin: 0; color: var(--soft); }
header strong { color: var(--ink); }
code { font: .85em ui-monospace, "SF Mono", "Liberation Mono", monospace; }
h2 code { color: var(--soft); font-weight: 400; overflow-wrap: anywhere; }
h2, td { overflow-wrap: anywhere; }
section {
  margin: 1.5rem 0; padding: 1.25rem; border: 1px solid var(--line);
  border-radius: .5rem; background: var(--panel);
}
.path {
  display: flex; flex-wrap: wrap; gap: 0 .5rem; list-style: none;
  margin: 0 0 .75rem; padding: 0; font-size: .925rem; font-weight: 600;
}
.path li:not(:last-child)::after {
  content: "\\203a"; margin-left: .5rem; color: var(--soft);
}
.step { margin: .75rem 0 0; }
.step label { display: flex; gap: .75rem; padding-left: .5rem; }
input { flex: none; width: 1.1rem; height: 1.1rem; margin: .2rem 0 0; }
table { width: 100%; margin: .75rem 0 0; border-collapse: collapse; }
th {
  padding: .25rem .5rem; color: var(--soft); font-size: .8rem; font-weight: 600;
  text-align: left;
}
td {
  padding: .5rem; border-top: 1px solid var(--line); background: var(--paper);
  vertical-align: top;
}
tr > :first-child { width: 3.25rem; }
tr > :nth-child(3), tr > :last-child { width: 21%; }
td:nth-child(3) { color: var(--soft); }
em { color: var(--soft); font-style: normal; }
td:last-child { font-weight: 600; }
small { display: block; color: var(--soft); font-size: .85rem; line-height: 1.4; }
small b { margin-right: .25rem; }
.safe b { color: var(--fine); }
.caution b { color: var(--care); }
.disruptive b { color: var(--bad); }
footer { color: var(--soft); font-size: .875rem; overflow-wrap: anywhere; }
footer ul { margin: 0; padding-left: 1.25rem; }
@media (max-width: 34rem) {
  main { padding: 1rem .75rem; }
  section { padding: .75rem; }
  thead { display: none; }
  tr { display: grid; grid-template-columns: 2.25rem 1fr; }
  td { grid-column: 2; border: 0; padding: 0 .5rem .25rem 0; }
  td:first-child { grid-column: 1; grid-row: 1 / 4; padding: .35rem .5rem; }
  td:nth-child(2) { padding-top: .5rem; }
  tr > :nth-child(n) { width: auto; }
  tr { border-top: 1px solid var(--line); background: var(--paper); }
  td:nth-child(3)::before { content: "old: "; }
  td:last-child::before { content: "new: "; font-weight: 400; color: var(--soft); }
}
@media print {
  :root {
    --ink: #000; --soft: #333; --paper: #fff; --panel: #fff; --line: #888;
    --bad: #000; --care: #000; --fine: #000;
  }
  @page { margin: 16mm; }
  body { font-size: 11pt; }
  main { max-width: none; padding: 0; }
  section { border: 0; border-top: 1.5pt solid #000; border-radius: 0;
    padding: .5rem 0; }
  tr, .step, h2, h3, .path { break-inside: avoid; }
  h2, h3, .path, thead { break-after: avoid; }
  input { appearance: none; border: 1pt solid #000; width: 12pt; height: 12pt; }
  input:checked { background: #000; print-color-adjust: exact; }
}
"""


BEFORE_ALL = (
    "Work from top to bottom, and change nothing else on the form. If the page shows"
    " another value than the old one here, stop: do not save, and ask for a new list."
)

FIRST = "it is this district, and every control below shows the old value"

AFTERWARDS = (
    "Then say which districts are done: answer the questions of `apply`, or call"
    " `connectsync apply PLAN --confirmed DISTRICT` with the plan beside this list."
)


def title(clicks: ClickList) -> str:
    """Give the heading of the whole list."""
    return f"Click list of {clicks.created:%Y-%m-%d}"


def count_text(clicks: ClickList) -> str:
    """Say how much there is to do."""
    districts, controls = len(clicks.districts), clicks.clicks
    return f"{many(controls, 'change')} on {many(districts, 'district')}."


def last_step(one: DistrictClicks) -> str:
    """Ask for the read-back that a person does."""
    saves = "both saves" if len(one.saves) > 1 else "it"
    return f"open the form again: it shows the new values, so {saves} went through"


def with_effects(save: tuple[Click, ...]) -> Iterator[tuple[Click, str]]:
    """Give each click with what it does to people, said once of several alike."""
    said = ""
    for click in save:
        yield click, "" if click.effect == said else click.effect
        said = click.effect


def footing(clicks: ClickList) -> tuple[str, ...]:
    """Say what the list rests on."""
    oldest = min((one.read_at for one in clicks.districts), default=clicks.created)
    return (
        f"Plan {clicks.plan}",
        f"Live settings of {clicks.backend}, as of {oldest:%Y-%m-%d %H:%M %Z}",
    )


_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""No script, no picture, no address: the page is whole as it is."""

_HEAD = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
<main>"""


def click_list_html(clicks: ClickList) -> str:
    """Write the whole page; whatever came from elsewhere is inert text in it."""
    return "".join(f"{line}\n" for line in _page(clicks))


def inert_text(text: str) -> str:
    """Give foreign text so that a browser can only show it."""
    return escape(inert(text))


def _page(clicks: ClickList) -> Iterator[str]:
    head = inert_text(title(clicks))
    yield _HEAD.format(policy=escape(_POLICY), title=head, style=STYLE)
    yield f"<header><h1>{head}</h1>"
    yield (
        f"<p><strong>{inert_text(count_text(clicks))}</strong>"
        f" {inert_text(BEFORE_ALL)}</p>"
    )
    yield "</header>"
    for one in clicks.districts:
        yield from _district(one, clicks)
    yield "<footer>"
    yield f"<p>{_with_code(AFTERWARDS)}</p>"
    yield "<ul>"
    yield from (f"<li>{inert_text(line)}</li>" for line in footing(clicks))
    yield "</ul>"
    yield "</footer>"
    yield "</main>"
    yield "</body>"
    yield "</html>"


def _district(one: DistrictClicks, clicks: ClickList) -> Iterator[str]:
    yield "<section>"
    yield f"<h2>{inert_text(one.name)} <code>{inert_text(one.district)}</code></h2>"
    yield '<ol class="path" aria-label="Go to">'
    yield from (f"<li>{inert_text(step)}</li>" for step in clicks.path)
    yield "</ol>"
    yield _step(inert_text(FIRST))
    for number, save in enumerate(one.saves, 1):
        if len(one.saves) > 1:
            yield f"<h3>Save {number} of {len(one.saves)}</h3>"
        yield from _table(save)
        yield _step(f"click <strong>{inert_text(clicks.save)}</strong>")
    yield _step(inert_text(last_step(one)))
    yield "</section>"


def _table(save: tuple[Click, ...]) -> Iterator[str]:
    yield "<table>"
    heads = "".join(f"<th>{head}</th>" for head in ("Done", "Control", "Old", "New"))
    yield f"<thead><tr>{heads}</tr></thead>"
    yield "<tbody>"
    for click, effect in with_effects(save):
        yield from _row(click, effect)
    yield "</tbody>"
    yield "</table>"


def _row(click: Click, effect: str) -> Iterator[str]:
    control = inert_text(click.control)
    name = control + (f" &rsaquo; {inert_text(click.option)}" if click.option else "")
    yield f'<tr class="{click.risk.value}">'
    yield f'<td><input type="checkbox" aria-label="{name}"></td>'
    yield f"<td><em>{inert_text(click.verb)}</em> <strong>{name}</strong>"
    yield f"<small><b>{click.risk.value}</b> {inert_text(effect)}</small></td>"
    yield f"<td>{inert_text(click.before)}</td><td>{inert_text(click.after)}</td>"
    yield "</tr>"


def _step(step: str) -> str:
    return (
        f'<p class="step"><label><input type="checkbox"><span>{step}</span></label></p>'
    )


def _with_code(sentence: str) -> str:
    parts = inert_text(sentence).split("`")
    return "".join(
        f"<code>{part}</code>" if position % 2 else part
        for position, part in enumerate(parts)
    )


def click_list_markdown(clicks: ClickList) -> str:
    """Write the whole list; whatever came from elsewhere is inert text in it."""
    blocks = [
        f"# {title(clicks)}",
        f"{plain(count_text(clicks))} {BEFORE_ALL}",
        *(
            block
            for one in clicks.districts
            for block in _district_markdown(one, clicks)
        ),
        AFTERWARDS,
        "\n".join(f"- {plain(line)}" for line in footing(clicks)),
    ]
    return "\n\n".join(blocks) + "\n"


def _district_markdown(one: DistrictClicks, clicks: ClickList) -> Iterator[str]:
    yield f"## {plain(one.name)} ({plain(one.district)})"
    yield f"Go to {' > '.join(f'**{plain(step)}**' for step in clicks.path)}"
    for number, save in enumerate(one.saves, 1):
        if len(one.saves) > 1:
            yield f"### Save {number} of {len(one.saves)}"
        steps = [FIRST] if number == 1 else []
        steps += [_click(click, effect) for click, effect in with_effects(save)]
        steps.append(f"click **{plain(clicks.save)}**")
        steps += [last_step(one)] if number == len(one.saves) else []
        yield "\n".join(f"- [ ] {step}" for step in steps)


def _click(click: Click, effect: str) -> str:
    control = f"**{plain(click.control)}**"
    if click.option:
        control += f" > **{plain(click.option)}**"
    old, new = plain(click.before), plain(click.after)
    does = f": {plain(effect)}" if effect else ""
    verb, risk = plain(click.verb), click.risk.value
    return f"{verb} {control}: {old} → **{new}**\\\n  {risk}{does}"
