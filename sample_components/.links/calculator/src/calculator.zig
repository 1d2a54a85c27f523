//! Works out sums. A call of another component looks like a call of any imported function.

const std = @import("std");
const abi = @import("airssys").abi;

const adder = struct {
    extern "demo:math/adder@1.0.0" fn add(a: i64, b: i64) i64;
};

comptime {
    abi.exportAs("add", add);
    abi.exportAs("evaluate", evaluate);
}

const Answer = abi.Result(i64, abi.String);

fn add(a: i64, b: i64) callconv(.c) i64 {
    return adder.add(a, b);
}

fn evaluate(sum: [*]const u8, len: usize) callconv(.c) *const Answer {
    var total: i64 = 0;
    var terms = std.mem.splitScalar(u8, sum[0..len], '+');
    while (terms.next()) |term| {
        const word = std.mem.trim(u8, term, " ");
        const number = std.fmt.parseInt(i64, word, 10) catch
            return abi.keep(Answer.err(abi.String.of(abi.print("'{s}' is not a whole number", .{word}))));
        total = adder.add(total, number);
    }
    return abi.keep(Answer.ok(total));
}
