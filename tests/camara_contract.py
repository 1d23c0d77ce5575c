"""CAMARA's files as a judge: whether an answer is one that an operation may give."""

import re
from collections.abc import Iterator, Mapping
from importlib import resources
from typing import Any

import jsonschema_rs
import yaml

JSON = "application/json"
# What is answered beside the files: where there is no such operation, and where there is.
NO_OPERATION = {(404, "NOT_FOUND"), (405, "METHOD_NOT_ALLOWED")}
BESIDE = {(422, "IDEMPOTENCY_KEY_REUSED"), (500, "INTERNAL")}
# Which of a schema's kinds an answer is; what the schema alone does not check.
KINDS = {
    "Refund": ("type", {"total": "TotalRefund", "partial": "PartialRefund"}),
    "ValidationInfo": ("action", {"validate": "Validate", "open": "Open"}),
}


class Contract:
    """One of the two files."""

    def __init__(self, name: str, base: str) -> None:
        text = resources.files("carrierbill.web.contracts").joinpath(name).read_text(encoding="utf-8")
        self.base, self.file = base, yaml.safe_load(text)
        self._validators: dict[str, Any] = {}
        self._by_path = [
            (re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), path)
            for path in sorted(self.file["paths"], key=lambda path: path.count("{"))
        ]

    def operations(self) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
        """Every operation with its method and path."""
        for path, methods in self.file["paths"].items():
            for method, operation in methods.items():
                yield method.upper(), path, operation

    def codes(self) -> set[tuple[str, int, str]]:
        """Every operation with each status and code that its file lists for a fault."""
        return {
            (operation["operationId"], int(status), code)
            for _, _, operation in self.operations()
            for status, answer in operation["responses"].items()
            if int(status) >= 400
            for code in self._listed(answer)
        }

    def _listed(self, answer: Mapping[str, Any]) -> list[str]:
        parts = self._at(answer)["content"][JSON]["schema"]["allOf"]
        codes: list[str] = parts[1]["properties"]["code"]["enum"]
        return codes

    def _at(self, part: Mapping[str, Any]) -> Mapping[str, Any]:
        while "$ref" in part:
            found: Any = self.file
            for name in part["$ref"].removeprefix("#/").split("/"):
                found = found[name]
            part = found
        return part

    def faults(self, method: str, path: str, response: Any) -> list[str]:
        """What is wrong with an answer."""
        operation = self._operation(method, path.removeprefix(self.base).partition("?")[0])
        status = response.status_code
        told = response.json() if response.content else None
        code = told.get("code") if isinstance(told, dict) else None
        found = [] if response.headers.get("x-correlator") else ["no x-correlator"]
        if response.content and response.headers["content-type"] != JSON:
            found.append(response.headers["content-type"])
        if (status, code) in (NO_OPERATION if operation is None else BESIDE):
            return found
        if operation is None or str(status) not in operation["responses"]:
            return [*found, f"{status} {code} is not listed"]
        answer = self._at(operation["responses"][str(status)])
        found += [
            f"header {name}: {response.headers.get(name)}"
            for name in set(answer.get("headers", {})) - {"x-correlator"}
            if not re.fullmatch("[0-9]+", response.headers.get(name, ""))
        ]
        if "content" not in answer:
            return [*found, *(["a body where there is none"] if response.content else [])]
        return [*found, *self._unlike(answer["content"][JSON]["schema"], told)]

    def _operation(self, method: str, path: str) -> Mapping[str, Any] | None:
        for pattern, name in self._by_path:
            if pattern.fullmatch(path):
                operation: Mapping[str, Any] | None = self.file["paths"][name].get(method.lower())
                return operation
        return None

    def _unlike(self, schema: Mapping[str, Any], told: Any) -> list[str]:
        found = [str(error) for error in self._validator(schema).iter_errors(told)]
        if isinstance(told, list):
            return found + [fault for part in told for fault in self._unlike(_item(self._at(schema)), part)]
        name = schema.get("$ref", "").rpartition("/")[2]
        if name in KINDS:
            field, kinds = KINDS[name]
            kind = {"$ref": f"#/components/schemas/{kinds[told[field]]}"}
            found += [str(error) for error in self._validator(kind).iter_errors(told)]
        if isinstance(told, dict) and "validationInfo" in told:
            of_info = {"$ref": "#/components/schemas/ValidationInfo"}
            found += self._unlike(of_info, told["validationInfo"])
        return found

    def _validator(self, schema: Mapping[str, Any]) -> Any:
        name = str(schema)
        if name not in self._validators:
            whole = {**schema, "components": self.file["components"]}
            self._validators[name] = jsonschema_rs.Draft4Validator(whole, validate_formats=True)
        return self._validators[name]


def _item(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    items: Mapping[str, Any] = schema["items"]
    return items


PAYMENTS = Contract("carrier-billing.yaml", "/carrier-billing/v0.5")
REFUNDS = Contract("carrier-billing-refund.yaml", "/carrier-billing-refund/v0.3")


def faults_of(method: str, path: str, response: Any) -> list[str]:
    """What is wrong with an answer, by the file that its address belongs to."""
    contract = REFUNDS if path.startswith(REFUNDS.base) else PAYMENTS
    return contract.faults(method, path, response)
