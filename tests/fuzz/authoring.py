"""Random modules that compute: every instruction that both compilers have, in functions that always come to an end.

A module has a memory, globals, a table and a few functions; a function calls earlier ones only, and loops are counted,
so that nothing recurses or goes on for ever. It may trap in every other way. NaNs are made canonical wherever their
bits could be seen, because compilers may choose them.
"""

from __future__ import annotations

from random import Random
from typing import Final

INT: Final = ("i32", "i64")
FLOAT: Final = ("f32", "f64")
TYPES: Final = (*INT, *FLOAT)
LIFTED: Final = {"i32": "u32", "i64": "u64", "f32": "f32", "f64": "f64"}

_PLAIN: Final = ("add", "sub", "mul", "and", "or", "xor", "shl", "shr_s", "shr_u", "rotl", "rotr")
_DIVISION: Final = ("div_s", "div_u", "rem_s", "rem_u")
_INT_COMPARE: Final = ("eq", "ne", "lt_s", "lt_u", "gt_s", "gt_u", "le_s", "le_u", "ge_s", "ge_u")
_FLOAT_BINARY: Final = ("add", "sub", "mul", "div", "min", "max")
_FLOAT_COMPARE: Final = ("eq", "ne", "lt", "gt", "le", "ge")
_FLOAT_UNARY: Final = ("abs", "neg", "sqrt", "ceil", "floor", "trunc", "nearest")
_SELDOM: Final = 25
"""One in so many instructions that may trap is not kept from it: a call that has trapped shows nothing more."""
_INTEGERS: Final = (0, 1, 2, 7, 31, 32, 63, 64, 255, 256, 32_767, 65_535, 65_536)
_FLOATS: Final = ("0", "-0", "1", "-1.5", "0x1p-149", "1e30", "-1e300", "inf", "-inf", "nan", "2147483648", "0.1")
_LOCALS: Final = 3
_CALLABLE: Final = 4

_CANON: Final = "".join(
    f"(func $canon_{type_} (param {type_}) (result {type_}) "
    f"(select (local.get 0) ({type_}.const nan) ({type_}.eq (local.get 0) (local.get 0))))"
    for type_ in FLOAT
)
_SUM: Final = """(func $sum (export "sum") (result i64) (local $at i32) (local $sum i64)
  (local.set $sum (i64.const 1469598103934665603))
  (loop $on
    (local.set $sum (i64.mul (i64.xor (local.get $sum) (i64.load (local.get $at))) (i64.const 1099511628211)))
    (local.set $at (i32.add (local.get $at) (i32.const 8)))
    (br_if $on (i32.lt_u (local.get $at) (i32.const 65536))))
  (local.get $sum))"""


class Author:
    """Writes one module.

    Args:
        chance: Decides everything.
    """

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self._signatures: list[tuple[tuple[str, ...], str]] = []
        self._locals: tuple[str, ...] = ()
        self._labels = 0

    def component(self) -> str:
        """Return the text of a component that exports ``f0``, ``f1``, … and ``sum``, a digest of its memory."""
        functions = [self._function(number) for number in range(self._chance.randint(1, 5))]
        globals_ = "".join(f"(global $g_{type_} (mut {type_}) ({type_}.const 3))" for type_ in TYPES)
        names = " ".join(f"$f{number}" for number in range(len(functions)))
        table = f"(table {len(functions) + 1} funcref) (elem (i32.const 0) {names})"
        core = f"(core module $m (memory 1 4) {globals_} {table} {_CANON} {_SUM} {' '.join(functions)})"
        lifted = " ".join(self._lifted(f"f{n}", *signature) for n, signature in enumerate(self._signatures))
        return f"(component {core} (core instance $i (instantiate $m)) {lifted} {self._lifted('sum', (), 'i64')})"

    def arguments(self) -> list[tuple[str, tuple[int | float, ...]]]:
        """Return some calls of the module: the export and its arguments."""
        calls = []
        for _ in range(6):
            number = self._chance.randrange(len(self._signatures))
            calls.append((f"f{number}", tuple(self._value(type_) for type_ in self._signatures[number][0])))
        return calls

    def _value(self, type_: str) -> int | float:
        if type_ in FLOAT:
            return self._chance.choice((0.0, -0.0, 1.0, -2.5, 1e10, float("inf"), float("nan"), 0.5))
        bits = 32 if type_ == "i32" else 64
        return self._chance.choice((*_INTEGERS, 2**bits - 1, 2 ** (bits - 1), self._chance.getrandbits(bits)))

    def _lifted(self, name: str, params: tuple[str, ...], result: str) -> str:
        given = " ".join(f'(param "p{n}" {LIFTED[type_]})' for n, type_ in enumerate(params))
        return f'(func (export "{name}") {given} (result {LIFTED[result]}) (canon lift (core func $i "{name}")))'

    def _function(self, number: int) -> str:
        chance = self._chance
        params = tuple(chance.choice(TYPES) for _ in range(chance.randrange(4)))
        result = chance.choice(TYPES)
        self._locals = (*params, *(type_ for type_ in TYPES for _ in range(_LOCALS)))
        body = " ".join(self._statement(3) for _ in range(chance.randint(1, 6)))
        value = self._expression(result, 5)
        self._signatures.append((params, result))
        head = "".join(f"(param {type_})" for type_ in params)
        own = "".join(f"(local {type_})" for type_ in self._locals[len(params) :])
        return f'(func $f{number} (export "f{number}") {head} (result {result}) {own} (local $n i32) {body} {value})'

    def _statement(self, depth: int) -> str:
        simple = (self._set, self._set, self._set_global, self._keep, self._move)
        nested = (self._branch, self._block, self._switch, self._loop)
        return self._chance.choice((*simple, *nested) if depth else simple)(depth)

    def _set(self, depth: int) -> str:
        type_ = self._chance.choice(TYPES)
        return f"(local.set {self._local(type_)} {self._expression(type_, depth)})"

    def _set_global(self, depth: int) -> str:
        type_ = self._chance.choice(TYPES)
        return f"(global.set $g_{type_} {self._expression(type_, depth)})"

    def _keep(self, depth: int) -> str:
        type_ = self._chance.choice(TYPES)
        return f"({self._access(type_, 'store')} {self._address(depth)} {self._canonical(type_, depth)})"

    def _move(self, _depth: int) -> str:
        size = f"(i32.const {self._chance.randrange(64)})"
        if self._chance.randrange(2):
            return f"(memory.fill {self._address(0)} {self._expression('i32', 0)} {size})"
        return f"(memory.copy {self._address(0)} {self._address(0)} {size})"

    def _some(self, depth: int) -> str:
        return " ".join(self._statement(depth - 1) for _ in range(self._chance.randint(1, 2)))

    def _branch(self, depth: int) -> str:
        return f"(if {self._expression('i32', depth)} (then {self._some(depth)}) (else {self._some(depth)}))"

    def _block(self, depth: int) -> str:
        return f"(block {self._some(depth)} (br_if 0 {self._expression('i32', depth)}) {self._some(depth)})"

    def _switch(self, depth: int) -> str:
        labels = " ".join(str(self._chance.randrange(3)) for _ in range(self._chance.randint(1, 6)))
        chosen = f"(br_table {labels} {self._expression('i32', depth)})"
        return f"(block (block (block {chosen}) {self._some(depth)}) {self._some(depth)})"

    def _loop(self, depth: int) -> str:
        # One counter for all loops of a function: one within another ends the outer one sooner, never later.
        self._labels += 1
        label = f"$l{self._labels}"
        more = f"(local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const {self._chance.randint(2, 12)})"
        return f"(loop {label} {self._some(depth)} (br_if {label} (i32.lt_u {more})))"

    def _expression(self, type_: str, depth: int) -> str:
        chance = self._chance
        if depth <= 0 or chance.randrange(6) == 0:
            held = f"(local.get {self._local(type_)})", f"(global.get $g_{type_})"
            return chance.choice((self._constant(type_), *held))
        compute = self._integer if type_ in INT else self._float
        ways = (self._select, self._either, self._call, self._read, self._tee, *[compute] * 5)
        return chance.choice(ways)(type_, depth)

    def _select(self, type_: str, depth: int) -> str:
        one, other = self._expression(type_, depth - 1), self._expression(type_, depth - 1)
        return f"(select {one} {other} {self._expression('i32', depth - 1)})"

    def _either(self, type_: str, depth: int) -> str:
        one, other = self._expression(type_, depth - 1), self._expression(type_, depth - 1)
        return f"(if (result {type_}) {self._expression('i32', depth - 1)} (then {one}) (else {other}))"

    def _read(self, type_: str, depth: int) -> str:
        return f"({self._access(type_, 'load')} {self._address(depth - 1)})"

    def _tee(self, type_: str, depth: int) -> str:
        return f"(local.tee {self._local(type_)} {self._expression(type_, depth - 1)})"

    def _call(self, type_: str, depth: int) -> str:
        fitting = [n for n, (_, result) in enumerate(self._signatures[:_CALLABLE]) if result == type_]
        if not fitting:
            return self._constant(type_)
        number = self._chance.choice(fitting)
        params = self._signatures[number][0]
        given = " ".join(self._expression(param, depth - 2) for param in params)
        if self._chance.randrange(2):
            return f"(call $f{number} {given})"
        signature = "".join(f"(param {param})" for param in params) + f"(result {type_})"
        return f"(call_indirect {signature} {given} (i32.const {number}))"

    def _integer(self, type_: str, depth: int) -> str:
        ways = (self._binary, self._binary, self._binary, self._unary, self._compared, self._truncated, self._bits)
        return self._chance.choice((*ways, self._resized))(type_, depth - 1)

    def _binary(self, type_: str, depth: int) -> str:
        one, other = self._expression(type_, depth), self._expression(type_, depth)
        if self._chance.randrange(4):
            return f"({type_}.{self._chance.choice(_PLAIN)} {one} {other})"
        if self._chance.randrange(_SELDOM):
            other = f"({type_}.or (i32.const 1) {other})" if type_ == "i32" else f"(i64.or (i64.const 1) {other})"
            one = f"({type_}.shr_u {one} ({type_}.const 1))"
        return f"({type_}.{self._chance.choice(_DIVISION)} {one} {other})"

    def _unary(self, type_: str, depth: int) -> str:
        wide = ("extend32_s",) if type_ == "i64" else ()
        how = self._chance.choice(("clz", "ctz", "popcnt", "extend8_s", "extend16_s", *wide))
        return f"({type_}.{how} {self._expression(type_, depth)})"

    def _compared(self, type_: str, depth: int) -> str:
        condition = self._comparison(depth)
        return condition if type_ == "i32" else f"(i64.extend_i32_u {condition})"

    def _truncated(self, type_: str, depth: int) -> str:
        from_, sign = self._chance.choice(FLOAT), self._chance.choice("su")
        saturating = "sat_" if self._chance.randrange(_SELDOM) else ""
        return f"({type_}.trunc_{saturating}{from_}_{sign} {self._expression(from_, depth)})"

    def _bits(self, type_: str, depth: int) -> str:
        from_ = "f32" if type_ == "i32" else "f64"
        return f"({type_}.reinterpret_{from_} {self._canonical(from_, depth)})"

    def _resized(self, type_: str, depth: int) -> str:
        if type_ == "i64":
            return f"(i64.extend_i32_{self._chance.choice('su')} {self._expression('i32', depth)})"
        grow = f"(memory.grow (i32.const {self._chance.randrange(2)}))"
        return self._chance.choice((f"(i32.wrap_i64 {self._expression('i64', depth)})", "(memory.size)", grow))

    def _comparison(self, depth: int) -> str:
        type_ = self._chance.choice(TYPES)
        if type_ in INT and self._chance.randrange(4) == 0:
            return f"({type_}.eqz {self._expression(type_, depth)})"
        how = self._chance.choice(_INT_COMPARE if type_ in INT else _FLOAT_COMPARE)
        return f"({type_}.{how} {self._expression(type_, depth)} {self._expression(type_, depth)})"

    def _float(self, type_: str, depth: int) -> str:
        chance, inner = self._chance, depth - 1
        kind = chance.randrange(7)
        if kind <= 2:
            one, other = self._expression(type_, inner), self._expression(type_, inner)
            return f"({type_}.{chance.choice(_FLOAT_BINARY)} {one} {other})"
        if kind == 3:
            return f"({type_}.{chance.choice(_FLOAT_UNARY)} {self._expression(type_, inner)})"
        if kind == 4:
            from_ = chance.choice(INT)
            return f"({type_}.convert_{from_}_{chance.choice('su')} {self._expression(from_, inner)})"
        if kind == 5:
            return f"({type_}.copysign {self._expression(type_, inner)} {self._canonical(type_, inner)})"
        if type_ == "f32":
            return f"(f32.demote_f64 {self._expression('f64', inner)})"
        return f"(f64.promote_f32 {self._expression('f32', inner)})"

    def _canonical(self, type_: str, depth: int) -> str:
        value = self._expression(type_, depth)
        return f"(call $canon_{type_} {value})" if type_ in FLOAT else value

    def _constant(self, type_: str) -> str:
        if type_ in FLOAT:
            text = self._chance.choice(_FLOATS)
            return f"({type_}.const {'1e30' if type_ == 'f32' and 'e300' in text else text})"
        bits = 32 if type_ == "i32" else 64
        value = self._chance.choice((*_INTEGERS, 2 ** (bits - 1), 2**bits - 1, self._chance.getrandbits(bits)))
        return f"({type_}.const {value})"

    def _local(self, type_: str) -> int:
        return self._chance.choice([n for n, known in enumerate(self._locals) if known == type_])

    def _address(self, depth: int) -> str:
        """Return an address that is within the first page, nearly always."""
        if self._chance.randrange(_SELDOM) == 0 and self._chance.randrange(_SELDOM) == 0:
            return self._expression("i32", depth)
        return f"(i32.and {self._expression('i32', depth)} (i32.const 65471))"

    def _access(self, type_: str, how: str) -> str:
        offset = f"offset={self._chance.choice((0, 1, 3, 8, 40))}"
        if type_ in FLOAT:
            return f"{type_}.{how} {offset}"
        narrow = ["8", "16", *(["32"] if type_ == "i64" else [])]
        if how == "load":
            narrow = [size + sign for size in narrow for sign in ("_s", "_u")]
        return f"{type_}.{how}{self._chance.choice(['', *narrow])} {offset}"
