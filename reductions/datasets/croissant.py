"""Croissant metadata of a data set: JSON-LD that says which files there are, and what is in them.

Source: *Croissant Format Specification*, version 1.0, MLCommons 2024.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from reductions.datasets.place import DATA
from reductions.datasets.row import MATRICES
from reductions.datasets.spec import Spec

__all__ = ["croissant_of"]

_CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
_LICENCES = {
    "cc0-1.0": "https://creativecommons.org/publicdomain/zero/1.0/",
    "cc-by-4.0": "https://creativecommons.org/licenses/by/4.0/",
    "apache-2.0": "https://www.apache.org/licenses/LICENSE-2.0",
}
_CITATION = (
    "@inproceedings{alman2024fine, author={Josh Alman and Zhao Song}, booktitle={NeurIPS}, year={2024}, "
    "title={The Fine-Grained Complexity of Gradient Computation for Training Large Language Models}}"
)
_PARQUET = "application/x-parquet"
#: Of the columns of Parquet those that are one value or a list, with their types.
_FIELDS = {
    "id": "sc:Text",
    "kind": "sc:Text",
    "chain": "sc:Text",
    "n": "sc:Integer",
    "d": "sc:Integer",
    "columns": "sc:Integer",
    "B": "sc:Text",
    "gamma": "sc:Text",
    "scale": "sc:Text",
    "pad": "sc:Text",
    "score_bound": "sc:Text",
    "inner_yes": "sc:Integer",
    "inner_no": "sc:Integer",
    "slope_yes": "sc:Float",
    "slope_no": "sc:Float",
    "label": "sc:Boolean",
    "witness": "sc:Integer",
    "required_accuracy": "sc:Float",
    "formula": "sc:Text",
    "advice": "sc:Integer",
    **dict.fromkeys(MATRICES, "sc:Integer"),
    "values_scale": "sc:Text",
    "hash": "sc:Text",
}
_LISTS = ("pad", "witness", "advice", *MATRICES)


def croissant_of(spec: Spec, entries: Sequence[Mapping[str, Any]]) -> str:
    """The metadata of a data set with these shards: a record set for each configuration."""
    distribution: list[dict[str, Any]] = []
    records = []
    for config in spec.configs:
        own = [entry for entry in entries if entry["config"] == config.name]
        for entry in own:
            distribution.append(
                {
                    "@type": "cr:FileObject",
                    "@id": entry["path"],
                    "name": entry["path"],
                    "contentUrl": entry["path"],
                    "contentSize": f"{entry['bytes']} B",
                    "encodingFormat": _PARQUET,
                    "sha256": entry["sha256"],
                }
            )
        files = f"{config.name}-files"
        distribution.append(
            {
                "@type": "cr:FileSet",
                "@id": files,
                "name": files,
                "encodingFormat": _PARQUET,
                "includes": f"{DATA}/{config.name}/*.parquet",
            }
        )
        records.append(
            {
                "@type": "cr:RecordSet",
                "@id": config.name,
                "name": config.name,
                "description": f"Instances of the kind {config.kind} with n = {config.n}.",
                "field": [_field(config.name, files, name) for name in _FIELDS],
            }
        )
    data = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": spec.name,
        "description": spec.title,
        "citeAs": _CITATION,
        "license": _LICENCES[spec.licence],
        "url": "https://arxiv.org/abs/2402.04497",
        "version": "1.0.0",
        "distribution": distribution,
        "recordSet": records,
    }
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


def _field(config: str, files: str, name: str) -> dict[str, Any]:
    made = {
        "@type": "cr:Field",
        "@id": f"{config}/{name}",
        "name": f"{config}/{name}",
        "dataType": _FIELDS[name],
        "source": {"fileSet": {"@id": files}, "extract": {"column": name}},
    }
    return made | {"repeated": True} if name in _LISTS else made
