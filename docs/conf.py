"""Sphinx configuration; the build needs no network."""

import re
from importlib.metadata import version as installed_version

from click.testing import CliRunner
from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx
from sphinx.writers.html5 import HTML5Translator

from trfast.cli import main

project = "trfast"
author = "The trfast developers"
project_copyright = author
version = release = installed_version("trfast")

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
exclude_patterns = ["_build"]
nb_execution_mode = "off"  # tutorials keep their outputs: make notebooks
html_theme = "furo"
html_math_renderer = "mathml"
html_title = f"trfast {version}"

myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3

# scikit-learn adds set_fit_request by itself
autodoc_default_options = {"members": True, "exclude-members": "set_fit_request"}
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings say types, shapes and units
autoclass_content = "class"
napoleon_google_docstring = False
napoleon_use_rtype = False
nitpicky = True  # of our own names, which roles write in full
nitpick_ignore_regex = [("py:.*", r"(?!trfast\.).*"), ("py:obj", ".*")]
default_role = "py:obj"  # `Name` in docstrings: a link where there is such an object
suppress_warnings = ["ref.footnote"]  # modules name their sources at the end


class CommandHelp(Directive):
    """``{command-help} run`` shows what ``trfast run --help`` prints."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Call the command."""
        arguments = [*self.arguments, "--help"]
        result = CliRunner().invoke(main, arguments, prog_name="trfast", catch_exceptions=False)
        return [nodes.literal_block(result.output, result.output, language="text")]


def visit_math(translator: HTML5Translator, node: nodes.math) -> None:
    """Write MathML, which browsers show without a script from elsewhere."""
    translator.body.append(tex2mathml(node.astext()))
    raise nodes.SkipNode


def visit_math_block(translator: HTML5Translator, node: nodes.math_block) -> None:
    """Write MathML on a line of its own."""
    equation = tex2mathml(node.astext(), as_block=True)
    translator.body.append(f'<div style="padding: 0.5rem 0">{equation}</div>')
    raise nodes.SkipNode


def own_footnotes(
    _app: Sphinx, _what: str, name: str, _obj: object, _options: object, lines: list[str]
) -> None:
    """Let every docstring count its references from [1], though many share a page."""
    label = re.sub(r"\W", "-", name)
    lines[:] = [
        re.sub(r"(?<=^\.\. )\[(\d+)\]|\[(\d+)\](?=_)", rf"[#{label}-\1\2]", line) for line in lines
    ]


def skip_metadata_requests(
    _app: Sphinx, _what: str, name: str, _obj: object, _skip: bool, _options: object
) -> bool | None:
    """Leave out ``set_fit_request`` and the like, which scikit-learn adds to estimators."""
    return True if re.fullmatch(r"set_\w+_request", name) else None


def setup(app: Sphinx) -> None:
    """Add the directive, the footnotes and the equations."""
    app.connect("autodoc-process-docstring", own_footnotes)
    app.connect("autodoc-skip-member", skip_metadata_requests)
    app.add_directive("command-help", CommandHelp)
    app.add_html_math_renderer("mathml", (visit_math, None), (visit_math_block, None))
