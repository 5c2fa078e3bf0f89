"""What the documents say exists: links, commands, make targets, settings, files, queries, tables, and the parts that a program writes."""

import importlib
import pkgutil
import re
import shlex
from pathlib import Path

import pytest
from cyclopts import App
from graphql import parse, validate

import sigma.cli
from sigma.entrypoints.schema import build_schema
from sigma.kit.config_keys import Section, section_of
from sigma.kit.settings import Settings
from tools.docs import PARTS, ROOT, MissingMarkers, metrics_table, up_to_date

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
GLOBAL_OPTIONS = {"--help", "--version", "--config"}
METRIC = re.compile(r"sigma_\w+_(?:total|seconds|size)")
LOG_SENTENCE = re.compile(r"WhatsApp webhook [\w ]+")
SETTING = re.compile(r"(?:Database|Security|Platforms|Journal|Http|Log)(?:(?:\.|__)[\w<> -]+)+")
PATH = re.compile(r"(?:src|tests|tools|migrations|docs|benchmarks)/[\w./-]*")

every_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: str(document.relative_to(ROOT)))


def _code(text: str) -> list[str]:
    """Return what may be a command line: the lines of shell blocks, and what stands in backticks."""
    blocks = [block.replace("\\\n", " ") for language, block in FENCE.findall(text) if language == "bash"]
    return [*"\n".join(blocks).splitlines(), *_inline(text)]


def _inline(text: str) -> list[str]:
    return INLINE.findall(FENCE.sub("", text))


def _slug(heading: str) -> str:
    """Return the anchor that a heading gets on GitHub."""
    return re.sub(r"[^\w\- ]", "", heading.replace("`", "").strip().lower()).replace(" ", "-")


@every_document
def test_every_link_leads_somewhere(document: Path):
    for target in LINK.findall(FENCE.sub("", document.read_text(encoding="utf-8"))):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        linked = (document.parent / path).resolve() if path else document
        assert linked.exists(), f"{target} does not exist"
        if anchor:
            headings = re.findall(r"^#+ (.+)$", FENCE.sub("", linked.read_text(encoding="utf-8")), re.MULTILINE)
            assert anchor in map(_slug, headings), f"{target}: no such heading"


@every_document
def test_every_sigma_command_exists_with_its_options(document: Path, commands: App):
    for line in _code(document.read_text(encoding="utf-8")):
        for words in _commands(line):
            assert not (problem := _unknown(commands, words)), f"{line}: {problem}"


@pytest.fixture(scope="module")
def commands() -> App:
    """The `sigma` command with everything that its modules add."""
    for module in pkgutil.iter_modules(sigma.cli.__path__):
        importlib.import_module(f"sigma.cli.{module.name}")
    return sigma.cli.app


def _commands(line: str) -> list[list[str]]:
    """Return the words after each `sigma` that stands where a command stands, up to the next end of a command."""
    found = []
    for match in re.finditer(r"(?:^|[(;|&])\s*(?:\.venv/bin/)?sigma(?= [a-z-])", line):
        rest = re.split(r"[;|&>)]| -- |…", line[match.end() :], maxsplit=1)[0]
        try:
            found.append(shlex.split(rest))
        except ValueError:  # a quotation mark that is closed on a later line
            found.append(rest.split())
    return found


def _unknown(known: App, words: list[str]) -> str | None:
    """Return what the command line names that the command does not have; None when all is well."""
    rest = list(words)
    while rest and rest[0] == "--config":
        rest = rest[2:]
    while rest and known.default_command is None and not rest[0].startswith("-"):
        if rest[0] not in known:
            return f"no command {rest[0]}"
        known, rest = known[rest[0]], rest[1:]
    options = {word.partition("=")[0] for word in rest if re.match(r"--\w", word)} - GLOBAL_OPTIONS
    return ", ".join(sorted(options - _options(known))) or None


def _options(command: App) -> set[str]:
    if command.default_command is None:
        return set()
    return {name for argument in command.assemble_argument_collection() for name in argument.names}


@every_document
def test_every_make_target_exists(document: Path):
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for line in _code(document.read_text(encoding="utf-8")):
        named = set(re.findall(r"(?:^|[(;|&])\s*make ([a-z]+)", line))
        assert named <= targets, f"{line}: no target {named - targets}"


@every_document
def test_every_setting_exists(document: Path):
    root = section_of(Settings)
    for code in _inline(document.read_text(encoding="utf-8")):
        if SETTING.fullmatch(code.partition("=")[0]) and not code.endswith((".md", ".py")):
            assert _is_setting(root, re.split(r"__|\.", code.partition("=")[0])), f"no setting {code}"


def _is_setting(root: Section, names: list[str]) -> bool:
    node = root.find(names[0])
    for name in names[1:]:
        if not isinstance(node, Section):
            return node is not None and node.is_table
        node = node.find(name)
    return node is not None


@every_document
def test_every_file_of_the_tree_that_is_named_exists(document: Path):
    for code in _inline(document.read_text(encoding="utf-8")):
        if PATH.fullmatch(code):
            assert (ROOT / code).exists(), f"{code} does not exist"


@every_document
def test_every_graphql_document_is_valid(document: Path):
    schema = build_schema()._schema
    for language, block in FENCE.findall(document.read_text(encoding="utf-8")):
        if language == "graphql":
            assert validate(schema, parse(block)) == []


@every_document
def test_every_log_sentence_and_metric_exists(document: Path):
    source = "\n".join(file.read_text(encoding="utf-8") for file in (ROOT / "src" / "sigma").rglob("*.py"))
    for code in _inline(document.read_text(encoding="utf-8")):
        if LOG_SENTENCE.fullmatch(code):
            assert f'"{code}"' in source, f"nothing logs {code}"
        if METRIC.fullmatch(code):
            assert f"`{code}`" in metrics_table(), f"no metric {code}"


@pytest.mark.parametrize("name", PARTS)
def test_written_parts_are_up_to_date(name: str):
    text = (ROOT / name).read_text(encoding="utf-8")
    assert up_to_date(name, text) == text, "run: python -m tools.docs"
    with pytest.raises(MissingMarkers):
        up_to_date(name, text.replace("<!-- end", "<!-- End"))


def test_the_page_on_architecture_names_every_table():
    migrations = (ROOT / "migrations" / "versions").glob("*.sql")
    tables = {name for file in migrations for name in re.findall(r"^CREATE TABLE (\w+)", file.read_text(encoding="utf-8"), re.MULTILINE)}
    section = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8").split("## The tables")[1].split("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)) == tables


def test_decisions_are_numbered_without_gaps_and_keep_the_form():
    decisions = sorted((ROOT / "docs" / "adr").glob("*.md"))
    assert [file.name[:4] for file in decisions] == [f"{number:04}" for number in range(1, len(decisions) + 1)]
    for file in decisions:
        text = file.read_text(encoding="utf-8")
        assert text.startswith(f"# {file.name[:4]}. "), file.name
        assert re.findall(r"^\*\*(.+?)\*\*", text, re.MULTILINE) == ["Context.", "Decision.", "Consequences.", "Enforced by."], file.name
