"""The values of ``wasi:http/types``: methods, schemes and faults as variants, and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from airssys_tui.core.types.interface import INTEGER_BOUNDS
from airssys_tui.core.types.values import Some, Variant
from airssys_tui.host.doors.exchange.exchange_faults import ExchangeFault, FaultCode

_METHODS: Final = {
    name.upper(): Variant(name)
    for name in ("get", "head", "post", "put", "delete", "connect", "options", "trace", "patch")
}
_SCHEMES: Final = {"http": Variant("HTTP"), "https": Variant("HTTPS")}
_OTHER: Final = "other"


def method_value(method: str) -> Variant:
    """Return a method as a guest has it; methods differ by case (RFC 9110, section 9.1)."""
    return _METHODS.get(method) or Variant(_OTHER, method)


def method_of(value: Variant) -> str:
    """Return the method that a guest means."""
    return str(value.payload) if value.case == _OTHER else value.case.upper()


def scheme_value(scheme: str) -> Variant:
    """Return a scheme as a guest has it; schemes do not differ by case (RFC 3986, section 3.1)."""
    return _SCHEMES.get(scheme.lower()) or Variant(_OTHER, scheme)


def scheme_of(value: Variant) -> str:
    """Return the scheme that a guest means."""
    return str(value.payload) if value.case == _OTHER else value.case.lower()


def option(value: Any) -> Some | None:
    """Return a value as one that may be missing."""
    return None if value is None else Some(value)


def value_of(found: Some | None) -> Any:
    """Return a value that may be missing, or None."""
    return None if found is None else found.value


def _limited(number: int | None, type_: str) -> Some | None:
    return None if number is None else Some(min(number, INTEGER_BOUNDS[type_][1]))


def _dns(fault: ExchangeFault) -> dict[str, Any]:
    return {"rcode": option(fault.text), "info-code": _limited(fault.number, "u16")}


def _alert(fault: ExchangeFault) -> dict[str, Any]:
    return {"alert-id": _limited(fault.number, "u8"), "alert-message": option(fault.text)}


def _body(fault: ExchangeFault) -> Some | None:
    return _limited(fault.number, "u64")


def _section(fault: ExchangeFault) -> Some | None:
    return _limited(fault.number, "u32")


def _field(fault: ExchangeFault) -> dict[str, Any]:
    return {"field-name": option(fault.text), "field-size": _limited(fault.number, "u32")}


def _perhaps_field(fault: ExchangeFault) -> Some | None:
    return None if fault.text is None and fault.number is None else Some(_field(fault))


def _text(fault: ExchangeFault) -> Some | None:
    return option(fault.text)


_PAYLOADS: Final[dict[FaultCode, Callable[[ExchangeFault], Any]]] = {
    FaultCode.DNS_ERROR: _dns,
    FaultCode.TLS_ALERT_RECEIVED: _alert,
    FaultCode.REQUEST_BODY_SIZE: _body,
    FaultCode.RESPONSE_BODY_SIZE: _body,
    FaultCode.REQUEST_HEADER_SECTION_SIZE: _section,
    FaultCode.REQUEST_TRAILER_SECTION_SIZE: _section,
    FaultCode.RESPONSE_HEADER_SECTION_SIZE: _section,
    FaultCode.RESPONSE_TRAILER_SECTION_SIZE: _section,
    FaultCode.REQUEST_HEADER_SIZE: _perhaps_field,
    FaultCode.REQUEST_TRAILER_SIZE: _field,
    FaultCode.RESPONSE_HEADER_SIZE: _field,
    FaultCode.RESPONSE_TRAILER_SIZE: _field,
    FaultCode.RESPONSE_TRANSFER_CODING: _text,
    FaultCode.RESPONSE_CONTENT_CODING: _text,
    FaultCode.INTERNAL_ERROR: _text,
}
"""The payloads of the cases that have one."""


def fault_value(fault: ExchangeFault) -> Variant:
    """Return a fault as an ``error-code``."""
    payload = _PAYLOADS.get(fault.code)
    return Variant(fault.code, None if payload is None else payload(fault))


def fault_of(value: Variant) -> ExchangeFault:
    """Return the fault that a guest tells by an ``error-code``."""
    code, payload = FaultCode(value.case), value.payload
    if isinstance(payload, Some):
        payload = payload.value
    if isinstance(payload, dict):
        found = [value_of(part) for part in payload.values()]
        return ExchangeFault(
            code,
            next((part for part in found if isinstance(part, str)), None),
            next((part for part in found if isinstance(part, int)), None),
        )
    if isinstance(payload, int):
        return ExchangeFault(code, number=payload)
    return ExchangeFault(code, payload)
