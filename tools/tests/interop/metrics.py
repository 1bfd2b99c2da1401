"""Reads metrics with Prometheus' own parser for Python and says what is in them, one JSON object.

Whatever the parser does not see by itself, of histograms, is checked here: buckets that never fall, and a last one that has everything.
"""

import json
import sys

from prometheus_client.parser import text_string_to_metric_families

families, values = {}, {}
for family in text_string_to_metric_families(sys.stdin.read()):
    assert family.name not in families, f"{family.name} comes twice"
    families[family.name] = family.type
    histograms = {}
    for sample in family.samples:
        labels = dict(sample.labels)
        key = sample.name + json.dumps(labels, sort_keys=True)
        assert key not in values, f"{key} comes twice"
        values[key] = sample.value
        if family.type == "histogram":
            bound = labels.pop("le", None)
            of = histograms.setdefault(json.dumps(labels, sort_keys=True), {"buckets": []})
            if bound is not None:
                of["buckets"].append((float(bound), sample.value))
            else:
                of[sample.name.rsplit("_", 1)[1]] = sample.value
    for labels, of in histograms.items():
        buckets = of["buckets"]
        assert buckets == sorted(buckets), f"{family.name}{labels}: bounds are not in order"
        counts = [count for _, count in buckets]
        assert counts == sorted(counts), f"{family.name}{labels}: buckets fall"
        assert buckets[-1] == (float("inf"), of["count"]), f"{family.name}{labels}: the last bucket has not all"
        assert "sum" in of, f"{family.name}{labels} has no sum"
print(json.dumps({"families": families, "values": values}))
