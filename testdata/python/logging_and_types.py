from __future__ import annotations
import logging
from typing import Any, Dict, List, Optional, cast
import dlt
from dlt.sources.rest_api.typing import RESTAPIConfig
from dlt.sources.rest_api import rest_api_source

logger = logging.getLogger(__name__)
logger.setLevel(logging.INFO)
logger.propagate = False

def build(names: List[str]) -> RESTAPIConfig:
    """Builds the config."""
    logger.info("building %s", names)
    resources: List[Dict[str, Any]] = [{"name": name} for name in names]
    return cast(RESTAPIConfig, {"client": {"base_url": "https://h"}, "resources": resources})

source = rest_api_source(build(["a"]))

#> a https://h/a
