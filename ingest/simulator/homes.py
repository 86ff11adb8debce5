"""Homes as the property API tells them, in each of the shapes that were seen."""

from __future__ import annotations

from typing import Any

SHAPES = ("object", "array", "data", "property")
ADDRESSES = ("text", "unparsed", "parts", "no_street")


def payload(home: dict[str, Any]) -> Any:
    """The API's answer for a stored home: its `payload` verbatim, or its facts in its shape."""
    if "payload" in home:
        return home["payload"]
    facts = {
        "images": [],
        "price": "$799,000",
        "added": "2026-11-01",
        "beds": "3+1",
        "baths": 2,
        "parking": 2,
        "sqft": "1500-2000",
        "location": home.get("city", ""),
        "areaCode": "",
        "propertyType": "Detached",
        "availableDate": "",
        "leaseTerms": "",
        "description": "",
        **home.get("facts", {}),
        "id": home["id"],
        "address": _address(home),
    }
    shape = home.get("shape", "object")
    if shape == "array":
        return [facts]
    return {shape: facts} if shape in ("data", "property") else facts


def _address(home: dict[str, Any]) -> Any:
    parts = {
        "street": home.get("street", ""),
        "city": home.get("city", ""),
        "state": home.get("state", "ON"),
        "postalCode": home.get("postal_code", ""),
    }
    way = home.get("address_as", "text")
    if way == "parts":
        return parts
    if way == "no_street":
        return ", ".join(part for part in (parts["city"], parts["state"], parts["postalCode"], "CA") if part)
    text = ", ".join(part for part in parts.values() if part)
    return {"unparsedAddress": text} if way == "unparsed" else text
