"""How the app looks: colours and shapes, light and dark, as Streamlit's options.

Okabe-Ito colours: told apart by colour-blind people too. Meaning never hangs on colour alone: words and icons say it.
"""

from __future__ import annotations

import json

BLUE, SKY, GREEN, ORANGE, VERMILLION, PURPLE, GREY = (
    "#0072B2", "#56B4E9", "#009E73", "#E69F00", "#D55E00", "#CC79A7", "#6B7785",
)  # fmt: skip
CATEGORICAL = (BLUE, ORANGE, GREEN, VERMILLION, PURPLE, SKY)

STYLE = """<style>
.stMainBlockContainer { max-width: 76rem; padding-top: 2.6rem }
@media (max-width: 48rem) { .stMainBlockContainer { padding-top: 4.2rem } }
.stMainBlockContainer h3 { padding: 0 0 .25rem }
.stSidebar .stButton button > div { width: 100%; justify-content: flex-start }
.stSidebar [data-testid=stMenuButtonButton] div[aria-hidden=true] { display: none }
.stSidebar .stMenuButton button { min-width: 2rem; padding-inline: .25rem }
</style>"""
"""Little that the options cannot say: less air above, lists that begin at the left, a menu that is three dots."""

_SHARED = {
    "baseRadius": "10px",
    "showSidebarBorder": True,
    "metricValueFontSize": "1.6rem",
    "greenColor": GREEN,
    "orangeColor": ORANGE,
    "redColor": VERMILLION,
    "violetColor": PURPLE,
    "chartCategoricalColors": list(CATEGORICAL),
}
_LIGHT = {
    "primaryColor": BLUE,
    "backgroundColor": "#FFFFFF",
    "secondaryBackgroundColor": "#F3F6F9",
    "textColor": "#17212B",
    "borderColor": "#DFE5EB",
    "blueColor": BLUE,
    "greenTextColor": "#00654A",
    "orangeTextColor": "#7A5200",
    "redTextColor": "#9C4400",
    "sidebar.backgroundColor": "#F7F9FB",
}
_DARK = {
    "primaryColor": SKY,
    "backgroundColor": "#11161C",
    "secondaryBackgroundColor": "#1C232C",
    "textColor": "#E7ECF1",
    "borderColor": "#2E3843",
    "blueColor": SKY,
    "greenTextColor": "#5FD3B0",
    "orangeTextColor": "#F3C25B",
    "redTextColor": "#FF9A57",
    "sidebar.backgroundColor": "#161C23",
}


def options() -> dict[str, str]:
    """Option -> value, as the command line of `streamlit run` takes them."""
    found = {f"theme.{name}": _text(value) for name, value in _SHARED.items()}
    for mode, colours in (("light", _LIGHT), ("dark", _DARK)):
        found |= {f"theme.{mode}.{name}": _text(value) for name, value in colours.items()}
    return found


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
