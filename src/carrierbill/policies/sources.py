"""Sources: publications by key, and who says a value."""

from collections.abc import Mapping
from datetime import date

from carrierbill.domain.policy import Source, Standing
from carrierbill.policies.read import Table

Publication = tuple[str, date | None]
Publications = Mapping[str, Publication]


def read_publications(table: Table) -> dict[str, Publication]:
    """The publications of a sources file: title and day published, None where it is `unknown`."""
    publications = {}
    for key in table.fields:
        entry = table.take_table(key)
        dated = entry.fields.get("published_on") != "unknown"
        published_on = entry.take_day("published_on") if dated else None
        entry.take("published_on", str) if not dated else None
        publications[key] = (entry.take("title", str), published_on)
        entry.close()
    return publications


def read_source(table: Table, publications: Publications) -> Source:
    """Who says so: `source` names a publication, `where` the place in it, `standing` how firm it is."""
    key = table.take("source", str)
    if key not in publications:
        raise table.fault("source", "unknown_source", known=", ".join(publications))
    standing = table.take("standing", str)
    if standing not in tuple(Standing):
        raise table.fault("standing", "unknown_word", known=", ".join(Standing))
    title, published_on = publications[key]
    return Source(title, table.take("where", str), published_on, Standing(standing))
