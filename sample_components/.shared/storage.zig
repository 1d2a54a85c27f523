//! `airssys:core-host/storage` in Zig: text under keys. What is read lives until the call is over. Whatever is refused is
//! `error.Refused`, and `refusal` says why.

const abi = @import("abi.zig");
const airssys = @import("airssys.zig");

const Refused = error{Refused};

const Failure = abi.Tagged(enum(u8) {
    denied,
    invalid_key,
    too_large,
    quota_exceeded,
    conflict,
    invalid_cursor,
    unavailable,
    failed,
});

/// `operation`.
pub const Operation = extern struct {
    tag: enum(u8) { set, delete, expect },
    value: extern union {
        set: extern struct { key: abi.String, value: airssys.Payload },
        delete: abi.String,
        expect: extern struct { key: abi.String, value: abi.Option(airssys.Payload) },
    },
};

const Page = extern struct { keys: abi.List(abi.String), next: abi.Option(abi.String) };
const Gotten = abi.Result(abi.Option(airssys.Payload), Failure);
const Made = abi.Result(abi.Nothing, Failure);
const Listed = abi.Result(Page, Failure);

const imports = struct {
    extern "airssys:core-host/storage@1.0.0" fn get([*]const u8, usize, *Gotten) void;
    extern "airssys:core-host/storage@1.0.0" fn set([*]const u8, usize, u32, [*]const u8, usize, *Made) void;
    extern "airssys:core-host/storage@1.0.0" fn apply([*]const Operation, usize, *Made) void;
    extern "airssys:core-host/storage@1.0.0" fn @"list-keys"(
        prefix: [*]const u8,
        prefix_len: usize,
        has_cursor: u32,
        cursor: [*]const u8,
        cursor_len: usize,
        limit: u32,
        result: *Listed,
    ) void;
};

var why: abi.String = abi.String.of("");

/// Why the last thing was refused, for the operator to read. It lives until the call is over.
pub fn refusal() []const u8 {
    return why.slice();
}

fn refused(failure: Failure) Refused {
    why = failure.text;
    return error.Refused;
}

/// The text under a key; null when there is none.
pub fn get(key: []const u8) Refused!?[]const u8 {
    var answer: Gotten = undefined;
    imports.get(key.ptr, key.len, &answer);
    if (answer.is_err) return refused(answer.value.err);
    return if (answer.value.ok.get()) |payload| payload.text.slice() else null;
}

/// Store text under a key.
pub fn set(key: []const u8, value: []const u8) Refused!void {
    var answer: Made = undefined;
    imports.set(key.ptr, key.len, 0, value.ptr, value.len, &answer);
    if (answer.is_err) return refused(answer.value.err);
}

/// Make several changes, all or none.
pub fn apply(operations: []const Operation) Refused!void {
    var answer: Made = undefined;
    imports.apply(operations.ptr, operations.len, &answer);
    if (answer.is_err) return refused(answer.value.err);
}

/// The first keys that begin with `prefix`, at most 1 000.
pub fn keys(prefix: []const u8, limit: u32) Refused![]const abi.String {
    var answer: Listed = undefined;
    imports.@"list-keys"(prefix.ptr, prefix.len, 0, prefix.ptr, 0, limit, &answer);
    if (answer.is_err) return refused(answer.value.err);
    return answer.value.ok.keys.slice();
}

/// For `apply`: store text under a key.
pub fn put(key: []const u8, value: []const u8) Operation {
    return .{ .tag = .set, .value = .{ .set = .{ .key = abi.String.of(key), .value = airssys.text(value) } } };
}

/// For `apply`: remove a key.
pub fn remove(key: []const u8) Operation {
    return .{ .tag = .delete, .value = .{ .delete = abi.String.of(key) } };
}

/// For `apply`: give everything up unless this text is under that key.
pub fn expect(key: []const u8, value: []const u8) Operation {
    const wanted = abi.Option(airssys.Payload).some(airssys.text(value));
    return .{ .tag = .expect, .value = .{ .expect = .{ .key = abi.String.of(key), .value = wanted } } };
}
