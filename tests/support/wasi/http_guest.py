"""A component that answers HTTP requests in a way that the path chooses, and says which version it is.

====================  ==============================================================================
path begins with      what it does
====================  ==============================================================================
``/c`` (count)        answers with its version and how many requests it has answered, as ``v1 00000007``
``/e`` (echo)         sends the body of the request back as it comes
``/r`` (read)         reads the whole body, then answers ``read``
``/b`` (big)          sends 1 MiB of zeroes, then ends
``/w`` (wait)         sends ``first``, waits for 200 ms, sends ``then``
``/l`` (long)         waits for 200 ms before it answers
``/t`` (trap)         traps at once
``/k`` (cut)          sends ``first``, waits for 50 ms and traps
``/x`` (exposed)      answers, begins the body, and traps
``/n`` (none)         returns without an answer
``/u`` (unfinished)   sends ``first`` and drops the body
``/s`` (spin)         computes for ever
``/f`` (fault)        sets the error ``HTTP-request-denied`` in place of a response
``/i`` (internal)     sets an ``internal-error``
``/o`` (odd)          answers with the status 999
``/4``                answers with the status 404
``/2``                answers with the status 204 and writes a body all the same
anything else         answers ``hello``
====================  ==============================================================================
"""

from __future__ import annotations

from functools import cache

from tests.support.engine.guests import binary
from tests.support.wasi.passing_guest import core_params, wasi_imports

_SET = "http/types#[static]response-outparam.set"
_OPTIONS = '(memory (core memory $a "mem")) (realloc (core func $a "realloc"))'

_CODES = {"denied": 15, "internal": 38}
"""Places of cases in ``error-code``."""


def _set(*first: str) -> str:
    """Return the call that sets the outcome: the first arguments, and zeroes for the others."""
    rest = core_params(_SET)[len(first) :]
    zeroes = [f"({type_}.const 0)" for type_ in rest]
    return f"(call $http-types-response-outparam-set {' '.join([*first, *zeroes])})"


def _begins(letter: str) -> str:
    return f"(i32.eq (local.get $letter) (i32.const {ord(letter)}))"


def _case(letter: str, code: str) -> str:
    return f"(if {_begins(letter)} (then {code} (return)))"


_FIRST, _THEN, _HELLO, _READ = 320, 328, 336, 344
"""Where texts are: ``first``, ``then``, ``hello``, ``read``."""

_SAY_FIRST = f"(call $say (i32.const {_FIRST}) (i32.const 5))"


def _wait(milliseconds: int) -> str:
    return f"(call $wait (i64.const {milliseconds}_000_000))"


def _core(version: str) -> str:
    imports = wasi_imports("http/types", "clocks/monotonic-clock")
    return f"""(core module $m
      {imports.core}
      (import "a" "mem" (memory 1))
      (import "a" "done" (func $done))
      (data (i32.const {_FIRST}) "first   then    hello   read    ")
      (data (i32.const 360) "{version} 00000000")
      (global $count (mut i32) (i32.const 0))
      (global $body (mut i32) (i32.const 0))
      (global $stream (mut i32) (i32.const 0))
      (func $begin (param $out i32) (param $status i32) (local $response i32)
        (local.set $response (call $http-types-new-outgoing-response (call $http-types-new-fields)))
        (drop (call $http-types-outgoing-response-set-status-code (local.get $response) (local.get $status)))
        (call $http-types-outgoing-response-body (local.get $response) (i32.const 64))
        (global.set $body (i32.load (i32.const 68)))
        {_set("(local.get $out)", "(i32.const 0)", "(local.get $response)")}
        (call $http-types-outgoing-body-write (global.get $body) (i32.const 64))
        (global.set $stream (i32.load (i32.const 68))))
      (func $say (param $at i32) (param $length i32)
        (call $io-streams-output-stream-blocking-write-and-flush
          (global.get $stream) (local.get $at) (local.get $length) (i32.const 64)))
      (func $end
        (call $drop-output-stream (global.get $stream))
        (call $http-types-outgoing-body-finish (global.get $body) (i32.const 0) (i32.const 0) (i32.const 64)))
      (func $wait (param $time i64) (local $pollable i32)
        (local.set $pollable (call $clocks-monotonic-clock-subscribe-duration (local.get $time)))
        (call $io-poll-pollable-block (local.get $pollable))
        (call $drop-pollable (local.get $pollable)))
      (func $digits (local $left i32) (local $at i32)
        (global.set $count (i32.add (global.get $count) (i32.const 1)))
        (local.set $left (global.get $count))
        (local.set $at (i32.const {360 + len(version) + 8}))
        (loop $more
          (i32.store8 (local.get $at) (i32.add (i32.const 48) (i32.rem_u (local.get $left) (i32.const 10))))
          (local.set $left (i32.div_u (local.get $left) (i32.const 10)))
          (local.set $at (i32.sub (local.get $at) (i32.const 1)))
          (br_if $more (local.get $left))))
      (func $input (param $request i32) (result i32)
        (call $http-types-incoming-request-consume (local.get $request) (i32.const 64))
        (global.set $in-body (i32.load (i32.const 68)))
        (call $http-types-incoming-body-stream (global.get $in-body) (i32.const 64))
        (i32.load (i32.const 68)))
      (global $in-body (mut i32) (i32.const 0))
      (func $echo (param $request i32) (param $out i32) (local $in i32)
        (local.set $in (call $input (local.get $request)))
        (call $begin (local.get $out) (i32.const 200))
        (loop $more
          (call $io-streams-output-stream-blocking-splice
            (global.get $stream) (local.get $in) (i64.const 65536) (i32.const 64))
          (br_if $more (i32.eqz (i32.load8_u (i32.const 64)))))
        (call $drop-input-stream (local.get $in))
        (call $drop-incoming-body (global.get $in-body))
        (call $end))
      (func $read (param $request i32) (param $out i32) (local $in i32)
        (local.set $in (call $input (local.get $request)))
        (loop $more
          (call $io-streams-input-stream-blocking-skip (local.get $in) (i64.const 65536) (i32.const 64))
          (br_if $more (i32.eqz (i32.load8_u (i32.const 64)))))
        (call $drop-input-stream (local.get $in))
        (call $drop-incoming-body (global.get $in-body))
        (call $begin (local.get $out) (i32.const 200))
        (call $say (i32.const {_READ}) (i32.const 4))
        (call $end))
      (func $big (param $out i32) (local $left i32)
        (call $begin (local.get $out) (i32.const 200))
        (local.set $left (i32.const 256))
        (loop $more
          (call $io-streams-output-stream-blocking-write-zeroes-and-flush
            (global.get $stream) (i64.const 4096) (i32.const 64))
          (local.set $left (i32.sub (local.get $left) (i32.const 1)))
          (br_if $more (i32.and (i32.ne (local.get $left) (i32.const 0)) (i32.eqz (i32.load8_u (i32.const 64))))))
        (call $end))
      (func $simple (param $out i32) (param $status i32) (param $at i32) (param $length i32)
        (call $begin (local.get $out) (local.get $status))
        (call $say (local.get $at) (local.get $length))
        (call $end))
      (func $answer (param $request i32) (param $out i32) (local $letter i32)
        (call $http-types-incoming-request-path-with-query (local.get $request) (i32.const 64))
        (local.set $letter (i32.load8_u (i32.add (i32.load (i32.const 68)) (i32.const 1))))
        {_case("c", f"(call $digits) (call $simple (local.get $out) (i32.const 200) (i32.const 360) "
                    f"(i32.const {len(version) + 9}))")}
        {_case("e", "(call $echo (local.get $request) (local.get $out))")}
        {_case("r", "(call $read (local.get $request) (local.get $out))")}
        {_case("b", "(call $big (local.get $out))")}
        {_case("w", f"(call $begin (local.get $out) (i32.const 200)) {_SAY_FIRST} {_wait(200)} "
                    f"(call $say (i32.const {_THEN}) (i32.const 4)) (call $end)")}
        {_case("l", f"{_wait(200)} (call $simple (local.get $out) (i32.const 200) (i32.const {_HELLO}) (i32.const 5))")}
        {_case("t", "(unreachable)")}
        {_case("k", f"(call $begin (local.get $out) (i32.const 200)) {_SAY_FIRST} {_wait(50)} (unreachable)")}
        {_case("x", f"(call $begin (local.get $out) (i32.const 200)) {_SAY_FIRST} (unreachable)")}
        {_case("n", "(call $drop-response-outparam (local.get $out))")}
        {_case("u", f"(call $begin (local.get $out) (i32.const 200)) {_SAY_FIRST} "
                    "(call $drop-output-stream (global.get $stream)) (call $drop-outgoing-body (global.get $body))")}
        {_case("s", "(loop $for-ever (br $for-ever))")}
        {_case("f", _set("(local.get $out)", "(i32.const 1)", f"(i32.const {_CODES['denied']})"))}
        {_case("i", _set("(local.get $out)", "(i32.const 1)", f"(i32.const {_CODES['internal']})"))}
        {_case("o", f"(call $simple (local.get $out) (i32.const 999) (i32.const {_HELLO}) (i32.const 5))")}
        {_case("4", f"(call $simple (local.get $out) (i32.const 404) (i32.const {_HELLO}) (i32.const 5))")}
        {_case("2", f"(call $simple (local.get $out) (i32.const 204) (i32.const {_HELLO}) (i32.const 5))")}
        (call $simple (local.get $out) (i32.const 200) (i32.const {_HELLO}) (i32.const 5)))
      (func (export "handle") (param $request i32) (param $out i32)
        (call $answer (local.get $request) (local.get $out))
        (call $drop-incoming-request (local.get $request))
        (call $done)))"""  # fmt: skip


@cache
def http_guest(version: str = "v1") -> bytes:
    """Make the component.

    Args:
        version: The text with which it begins its count; two characters.
    """
    imports = wasi_imports("http/types", "clocks/monotonic-clock")
    names = " ".join(f'(export "{name}" (func ${name}))' for name in imports.names)
    return binary(
        f"""(component
        {imports.component}
        {_core(version)}
        (core instance $i (instantiate $m
          (with "" (instance {names}))
          (with "a" (instance (export "mem" (memory $a "mem")) (export "done" (func $a "done"))))))
        (func $handle (param "request" (own $incoming-request)) (param "response-out" (own $response-outparam))
          (canon lift (core func $i "handle") {_OPTIONS}))
        (instance $handler (export "handle" (func $handle)))
        (export "wasi:http/incoming-handler@0.2.12" (instance $handler)))"""
    )
