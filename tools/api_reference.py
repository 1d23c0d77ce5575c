"""Make of each contract (YAML) the data of its reference page: src/carrierbill/web/contracts/NAME.json.

python tools/api_reference.py

The program reads no YAML when it runs. A test compares the files with what this makes.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token

CONTRACTS = Path(__file__).parents[1] / "src" / "carrierbill" / "web" / "contracts"
METHODS = ("get", "post", "put", "patch", "delete")
# What narrows a value down, in the words of the contract.
LIMITS = (
    *("format", "pattern", "minimum", "maximum", "exclusiveMinimum", "minLength", "maxLength"),
    *("minItems", "maxItems", "uniqueItems", "default"),
)
# Below which heading of the page a description stands; a page has no more than six.
UNDER_TITLE, UNDER_NAME, DEEPEST = 1, 3, 6
Node = Mapping[str, Any]


class Contract:
    """A contract, with its references followed."""

    def __init__(self, file: Path) -> None:
        """Read it."""
        self.name = file.stem
        self.whole: Node = yaml.safe_load(file.read_text(encoding="utf-8"))

    def follow(self, node: Node) -> Node:
        """The part itself where another one is pointed to."""
        while "$ref" in node:
            found: Any = self.whole
            for step in node["$ref"].removeprefix("#/").split("/"):
                found = found[step.replace("~1", "/")]
            node = found
        return node

    def page(self) -> Node:
        """All that a page shows."""
        told = self.whole["info"]
        return {
            "name": self.name,
            "title": told["title"],
            "version": told["version"],
            "base": self.whole["servers"][0]["url"].replace("{apiRoot}", ""),
            "about": shown(told.get("description", ""), under=UNDER_TITLE),
            "operations": [self.operation(*each) for each in self.operations()],
            "schemas": [
                {"name": name, **self.schema(schema)}
                for name, schema in self.whole["components"]["schemas"].items()
            ],
        }

    def operations(self) -> Iterator[tuple[str, str, Node]]:
        """Every operation with its method and path."""
        for path, item in self.whole["paths"].items():
            for method in item:
                if method in METHODS:
                    shared = item.get("parameters", [])
                    own = item[method].get("parameters", [])
                    yield method, path, {**item[method], "parameters": [*shared, *own]}

    def operation(self, method: str, path: str, node: Node) -> Node:
        """An operation: what it is for, what it takes, what it answers."""
        scopes = [scope for way in node.get("security", []) for told in way.values() for scope in told]
        answers = [self.answer(status, self.follow(each)) for status, each in node["responses"].items()]
        return {
            "id": node["operationId"],
            "method": method.upper(),
            "path": path,
            "summary": node.get("summary", ""),
            "about": shown(node.get("description", "")),
            "scopes": sorted(set(scopes)),
            "parameters": [self.parameter(self.follow(each)) for each in node["parameters"]],
            "body": self.body(self.follow(node.get("requestBody", {}))),
            "answers": [answer for answer in answers if answer["status"] < "400"],
            "errors": [answer for answer in answers if answer["status"] >= "400"],
            "events": [
                {"summary": told.get("summary", ""), "body": self.body(told.get("requestBody", {}))}
                for callback in node.get("callbacks", {}).values()
                for item in callback.values()
                for told in item.values()
            ],
        }

    def parameter(self, node: Node) -> Node:
        """A parameter: where it goes, and what it may be."""
        told = self.value(node["schema"])
        about = shown(node["description"]) if node.get("description") else told["about"]
        return {
            **told,
            "name": node["name"],
            "where": node["in"],
            "required": node.get("required", False),
            "about": about,
        }

    def body(self, node: Node) -> Node | None:
        """What is sent or answered as a body."""
        for kind, content in node.get("content", {}).items():
            return {"kind": kind, **self.value(content["schema"])}
        return None

    def answer(self, status: str, node: Node) -> Node:
        """An answer, with the codes it may bear."""
        examples = [
            self.follow(example)
            for content in node.get("content", {}).values()
            for example in content.get("examples", {}).values()
        ]
        codes: dict[str, str] = {}
        for example in examples:
            value = example.get("value")
            if isinstance(value, Mapping) and "code" in value:
                codes.setdefault(value["code"], example.get("description") or value.get("message", ""))
        said = node.get("description", "")
        headers = [name for name in node.get("headers", {}) if name != "x-correlator"]
        body = self.body(node) if status < "400" else None
        told = [{"code": code, "about": about} for code, about in codes.items()]
        return {"status": status, "about": said, "codes": told, "headers": headers, "body": body}

    def schema(self, node: Node) -> Node:
        """A schema by name: what it is, and each of its fields."""
        return {**self.value(node, of_itself=True), "fields": list(self.fields(node))}

    def fields(self, node: Node, before: str = "") -> Iterator[Node]:
        """The fields of an object, those of an object within it after its own, by their path."""
        required = set(node.get("required", ()))
        for part in node.get("allOf", ()):
            if "$ref" not in part:
                required |= set(part.get("required", ()))
                yield from self.fields(part, before)
        for name, inner in node.get("properties", {}).items():
            yield {"name": f"{before}{name}", "required": name in required, **self.value(inner)}
            yield from self.fields(inner, f"{before}{name}.")
            if inner.get("type") == "array":
                yield from self.fields(inner["items"], f"{before}{name}[].")

    def value(self, node: Node, *, of_itself: bool = False) -> Node:
        """What a value may be: its type, the schemas it points to, its choices and bounds, an example."""
        parts = [node, *node.get("allOf", ())]
        about = next((part["description"] for part in parts if part.get("description")), "")
        limits = [
            f"{name} {json.dumps(part[name], ensure_ascii=False)}"
            for part in parts
            for name in LIMITS
            if name in part
        ]
        choices = [choice for part in parts for choice in part.get("enum", ())]
        example = next((part["example"] for part in parts if "example" in part), None)
        return {
            "where": "",
            "type": self.type_of(node),
            "points_to": list(dict.fromkeys(pointed_to(node, of_itself=of_itself))),
            "about": shown(about),
            "choices": choices,
            "limits": limits,
            "example": "" if example is None else json.dumps(example, ensure_ascii=False, default=str),
        }

    def type_of(self, node: Node) -> str:
        """The type in a word or two; empty where it is that of what is pointed to."""
        for how, words in (("oneOf", "one of"), ("anyOf", "any of")):
            if how in node:
                return words
        kind = str(node.get("type", ""))
        if kind == "array":
            return f"array of {self.type_of(node['items'])}".strip()
        return kind or next(filter(None, (self.type_of(part) for part in node.get("allOf", ()))), "")


def pointed_to(node: Node, *, of_itself: bool) -> Iterator[str]:
    """The names of the schemas that a value is, is one of, or is a list of."""
    if "$ref" in node:
        yield node["$ref"].rpartition("/")[2]
    for how in ("allOf", "oneOf", "anyOf"):
        for part in node.get(how, ()):
            yield from pointed_to(part, of_itself=of_itself)
    if "items" in node:
        yield from pointed_to(node["items"], of_itself=of_itself)
    if of_itself:
        for name in node.get("discriminator", {}).get("mapping", {}).values():
            yield name.rpartition("/")[2]


def shown(text: str, *, under: int = UNDER_NAME) -> str:
    """A description in Markdown as HTML, which asks nobody else for anything.

    >>> shown("See ![a picture](https://example.org/a.png) at [x](https://example.org)")
    '<p>See a picture at <a href="https://example.org">x</a></p>'
    """
    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = reader.parse(text.strip())
    least = min((int(each.tag[1]) for each in tokens if each.type == "heading_open"), default=1)
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(int(token.tag[1]) - least + under + 1, DEEPEST)}"
        token.children = [_harmless(each) for each in token.children or ()]
    html = str(reader.renderer.render(tokens, reader.options, {})).strip()
    # A table may be wider than a phone.
    return re.sub(
        r"<table>.*?</table>", r'<div class="scroll" tabindex="0">\g<0></div>', html, flags=re.DOTALL
    )


def _harmless(token: Token) -> Token:
    """A picture from elsewhere is told in its words."""
    if token.type != "image":
        return token
    return Token("text", "", 0, content=token.content)


def made(file: Path) -> str:
    """The data of a contract's page, as it is to stand beside it."""
    return json.dumps(Contract(file).page(), ensure_ascii=False, indent=1) + "\n"


def main() -> None:
    """Write them all."""
    for file in sorted(CONTRACTS.glob("*.yaml")):
        file.with_suffix(".json").write_text(made(file), encoding="utf-8")
        print(f"{file.stem}.json")


if __name__ == "__main__":
    main()
