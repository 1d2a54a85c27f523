//! The plug-in that the Extism rows measure: what the component of `benchmarks/guests.py` does, in Extism's own ABI.
//!
//!     python -m ziglang build-exe plugin.zig -target wasm32-freestanding -OReleaseSmall -fno-entry -rdynamic -fstrip \
//!         --name plugin

extern "extism:host/env" fn input_length() u64;
extern "extism:host/env" fn input_load_u8(at: u64) u32;
extern "extism:host/env" fn input_load_u64(at: u64) u64;
extern "extism:host/env" fn alloc(size: u64) u64;
extern "extism:host/env" fn store_u8(at: u64, value: u32) void;
extern "extism:host/env" fn store_u64(at: u64, value: u64) void;
extern "extism:host/env" fn output_set(at: u64, size: u64) void;
extern "extism:host/user" fn work(a: u64, b: u64) u64;

var memory: [2 << 20]u8 align(8) = undefined;

/// Take the input over into the plug-in's own memory, as its development kits do.
fn input() []u8 {
    const size: usize = @intCast(input_length());
    const words: [*]u64 = @ptrCast(&memory);
    var at: usize = 0;
    while (at + 8 <= size) : (at += 8) words[at / 8] = input_load_u64(at);
    while (at < size) : (at += 1) memory[at] = @intCast(input_load_u8(at));
    return memory[0..size];
}

fn output(data: []const u8) void {
    const block = alloc(data.len);
    const words: [*]const u64 = @ptrCast(&memory);
    var at: usize = 0;
    while (at + 8 <= data.len) : (at += 8) store_u64(block + at, words[at / 8]);
    while (at < data.len) : (at += 1) store_u8(block + at, data[at]);
    output_set(block, data.len);
}

export fn add() i32 {
    const given: *[2]u32 = @ptrCast(@alignCast(input().ptr));
    given[0] +%= given[1];
    output(memory[0..4]);
    return 0;
}

export fn bytes() i32 {
    output(input());
    return 0;
}

export fn run() i32 {
    const times: *u32 = @ptrCast(@alignCast(input().ptr));
    var sum: u64 = 0;
    for (0..times.*) |n| sum = work(sum, n);
    return 0;
}
