"""Settings of Sphinx, which makes the website of the pages that `docs.website` gathers: `make site`."""

from typing import Any

from sphinx.util.typing import stringify_annotation

from kerash_cli import __version__
from kerash_cli.api import TableData

project = "kerash"
version = release = __version__
language = "en"
extensions = ["myst_parser", "sphinx.ext.autodoc"]

myst_enable_extensions = ["deflist", "linkify"]
myst_heading_anchors = 4
myst_linkify_fuzzy_links = False

suppress_warnings = ["misc.highlighting_failure"]
"""A command of several lines is coloured less well if a quotation goes over a line's end."""

# Quotes and dashes stay as they are typed: much of it is to be copied.
smartquotes = False
default_role = "code"

autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_member_order = "bysource"
autodoc_class_signature = "mixed"
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 80
nitpick_ignore_regex = [("py:.*", r"(numpy|np|sklearn|os|typing|collections)\..*|NDArray|.*TypeVar.*")]
"""Names that other projects explain; looking them up would need a network."""

html_theme = "furo"
html_title = f"kerash {version}"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_show_copyright = False
html_show_sphinx = False
html_copy_source = False
_colours = {"color-api-name": "var(--color-brand-content)", "color-api-pre-name": "var(--color-brand-content)"}
html_theme_options = {
    "navigation_with_keys": True,
    "light_css_variables": _colours,
    "dark_css_variables": _colours,
}

linkcheck_timeout = 20
linkcheck_retries = 2
linkcheck_anchors = False


def setup(app: Any) -> None:
    """Calls tables by the name of their type, which Sphinx would spell out."""
    spelled = stringify_annotation(TableData, "smart")

    def named(_app: Any, _kind: str, _name: str, _thing: object, _options: Any, *signature: str | None) -> Any:
        return tuple(part and part.replace(spelled, "TableData") for part in signature)

    app.connect("autodoc-process-signature", named)
