//! The canonical ABI, as much of it as a component in Zig needs: memory for what crosses the boundary, and the types
//! whose C layout is the layout the Component Model prescribes.
//!
//! How a call goes: the host asks `cabi_realloc` for room and copies strings and lists in, then calls the export, which
//! may allocate more; it hands back a number or the address of its result; the host copies that out and calls the
//! export's `cabi_post_…`. All that was allocated on the way is forgotten there in one step, so nothing leaks and nothing
//! is ever freed by hand. What has to outlive a call must be copied into a variable of the component's own.

const std = @import("std");

/// Its address is where data and stack end and free memory starts: the linker puts it there.
extern var __heap_base: u8;

/// The first address that is not taken.
var top: usize = 0;

fn base() usize {
    return @intFromPtr(&__heap_base);
}

/// Room for `size` bytes that starts at a multiple of `alignment`. Traps when the memory limit is reached.
fn take(size: usize, alignment: usize) usize {
    const start = std.mem.alignForward(usize, @max(top, base()), alignment);
    const end = start + size;
    const have = @wasmMemorySize(0) * std.wasm.page_size;
    if (end > have) {
        const pages = (end - have + std.wasm.page_size - 1) / std.wasm.page_size;
        if (@wasmMemoryGrow(0, pages) < 0) @trap();
    }
    top = end;
    return start;
}

/// Forget everything that was allocated since the last time.
pub fn release() void {
    top = base();
}

/// What the host calls to get room in this component's memory. Asked for no bytes, it still gives an address that is
/// aligned and inside the memory.
export fn cabi_realloc(old: usize, old_size: usize, alignment: usize, new_size: usize) usize {
    if (old_size != 0 and new_size <= old_size) return old;
    const new = take(new_size, alignment);
    if (old_size != 0) @memcpy(bytes(new, old_size), bytes(old, old_size));
    return new;
}

fn bytes(address: usize, len: usize) []u8 {
    return @as([*]u8, @ptrFromInt(address))[0..len];
}

/// `count` items that live until the call is over.
pub fn items(comptime T: type, count: usize) []T {
    return @as([*]T, @ptrFromInt(take(count * @sizeOf(T), @alignOf(T))))[0..count];
}

/// Put a result where the host can copy it from, until the call is over.
pub fn keep(value: anytype) *const @TypeOf(value) {
    const place = &items(@TypeOf(value), 1)[0];
    place.* = value;
    return place;
}

/// Format text that lives until the call is over.
pub fn print(comptime format: []const u8, arguments: anytype) []const u8 {
    const room = items(u8, std.fmt.count(format, arguments));
    return std.fmt.bufPrint(room, format, arguments) catch unreachable;
}

/// `list<T>`; `list<u8>` and `string` differ in the host's eyes only.
pub fn List(comptime T: type) type {
    return extern struct {
        address: [*]const T,
        len: usize,

        pub fn of(slice_: []const T) @This() {
            return .{ .address = slice_.ptr, .len = slice_.len };
        }

        pub fn slice(self: @This()) []const T {
            return self.address[0..self.len];
        }
    };
}

/// `string`, in UTF-8.
pub const String = List(u8);

/// `tuple<string, string>`.
pub const Pair = extern struct { key: String, value: String };

/// A variant whose cases all carry a string.
pub fn Tagged(comptime Case: type) type {
    return extern struct { case: Case, text: String };
}

/// `option<T>`.
pub fn Option(comptime T: type) type {
    return extern struct {
        is_some: bool,
        value: extern union { none: Nothing, some: T },

        pub const none: @This() = .{ .is_some = false, .value = .{ .none = .{} } };

        pub fn some(value: T) @This() {
            return .{ .is_some = true, .value = .{ .some = value } };
        }

        /// The same as Zig says it.
        pub fn get(self: @This()) ?T {
            return if (self.is_some) self.value.some else null;
        }
    };
}

/// `result<T, E>`. `result<_, E>` is `Result(Nothing, E)`.
pub fn Result(comptime T: type, comptime E: type) type {
    return extern struct {
        is_err: bool,
        value: extern union { ok: T, err: E },

        pub fn ok(value: T) @This() {
            return .{ .is_err = false, .value = .{ .ok = value } };
        }

        pub fn err(value: E) @This() {
            return .{ .is_err = true, .value = .{ .err = value } };
        }
    };
}

/// No value.
pub const Nothing = extern struct {};

/// Export `function` under the name WIT gives it, with the step that forgets the call's memory.
pub fn exportAs(comptime name: []const u8, comptime function: anytype) void {
    const Returned = @typeInfo(@TypeOf(function)).@"fn".return_type.?;
    const post = if (Returned == void) struct {
        fn none() callconv(.c) void {
            release();
        }
    }.none else struct {
        fn one(_: Returned) callconv(.c) void {
            release();
        }
    }.one;
    @export(&function, .{ .name = name });
    @export(&post, .{ .name = "cabi_post_" ++ name });
}

comptime {
    // The layouts the Component Model prescribes: the tag first, what it announces aligned after it.
    const assert = std.debug.assert;
    assert(@sizeOf(usize) == 4);
    assert(@sizeOf(String) == 8 and @alignOf(String) == 4);
    assert(@sizeOf(Option(u8)) == 2);
    assert(@sizeOf(Option(String)) == 12 and @offsetOf(Option(String), "value") == 4);
    assert(@sizeOf(Option(u64)) == 16 and @offsetOf(Option(u64), "value") == 8);
    assert(@sizeOf(Tagged(enum(u8) { a })) == 12);
    assert(@sizeOf(Result(Nothing, Tagged(enum(u8) { a }))) == 16);
}
