//! Keeps accounts. What it knows is in its storage, so it needs no state of its own: reload it, roll it back or kill the
//! host, and every account has what it had.

const std = @import("std");
const airssys = @import("airssys");
const abi = airssys.abi;
const storage = airssys.storage;
const String = abi.String;

comptime {
    airssys.exportLifecycle(@This());
    abi.exportAs("deposit", depositFlat);
    abi.exportAs("transfer", transferFlat);
    abi.exportAs("balance-of", balanceOf);
    abi.exportAs("accounts", accounts);
    abi.exportAs("close", closeFlat);
}

const Problem = error{ Unusable, TooLarge, Unknown, Short, NotEmpty, Storage };

/// What went wrong, for whoever asked. The storage says itself what it refused.
fn words(problem: Problem) String {
    return String.of(switch (problem) {
        error.Unusable => "the name of an account has 1 to 100 bytes",
        error.TooLarge => "that is more than an account can hold",
        error.Unknown => "there is no such account",
        error.Short => "there is not enough on it",
        error.NotEmpty => "there is still something on it",
        error.Storage => storage.refusal(),
    });
}

// One account is one key; its value is the balance as decimal text, which an export of the storage shows as it is.

const prefix = "balance/";

fn keyOf(account: []const u8) Problem![]const u8 {
    if (account.len == 0 or account.len > 100) return error.Unusable;
    return abi.print("{s}{s}", .{ prefix, account });
}

/// What is stored for an account: its balance, and the text that it was read from.
const Found = struct { cents: u64, text: []const u8 };

fn find(key: []const u8) Problem!?Found {
    const text = (storage.get(key) catch return error.Storage) orelse return null;
    return .{ .cents = std.fmt.parseUnsigned(u64, text, 10) catch return error.Storage, .text = text };
}

fn deposit(account: []const u8, cents: u64) Problem!u64 {
    const key = try keyOf(account);
    const before = try find(key);
    const after = std.math.add(u64, if (before) |found| found.cents else 0, cents) catch return error.TooLarge;
    storage.set(key, decimal(after)) catch return error.Storage;
    airssys.host.count("deposits", 1);
    return after;
}

fn transfer(source: []const u8, target: []const u8, cents: u64) Problem!void {
    const from_key, const to_key = .{ try keyOf(source), try keyOf(target) };
    const from = try find(from_key) orelse return error.Unknown;
    const to = try find(to_key) orelse return error.Unknown;
    if (from.cents < cents) return error.Short;
    if (std.mem.eql(u8, source, target)) return;
    const sum = std.math.add(u64, to.cents, cents) catch return error.TooLarge;
    // Both balances change together, and only if they still are what was read.
    storage.apply(&.{
        storage.expect(from_key, from.text),
        storage.expect(to_key, to.text),
        storage.put(from_key, decimal(from.cents - cents)),
        storage.put(to_key, decimal(sum)),
    }) catch return error.Storage;
    airssys.host.count("transfers", 1);
}

fn close(account: []const u8) Problem!void {
    const key = try keyOf(account);
    const found = try find(key) orelse return error.Unknown;
    if (found.cents != 0) return error.NotEmpty;
    storage.apply(&.{ storage.expect(key, found.text), storage.remove(key) }) catch return error.Storage;
}

fn decimal(value: u64) []const u8 {
    return abi.print("{d}", .{value});
}

// The exports, as the ABI has them.

fn depositFlat(account: [*]const u8, len: usize, cents: u64) callconv(.c) *const abi.Result(u64, String) {
    const Answer = abi.Result(u64, String);
    return abi.keep(if (deposit(account[0..len], cents)) |sum| Answer.ok(sum) else |why| Answer.err(words(why)));
}

const Done = abi.Result(abi.Nothing, String);

fn done(outcome: Problem!void) *const Done {
    return abi.keep(if (outcome) Done.ok(.{}) else |why| Done.err(words(why)));
}

fn transferFlat(
    source: [*]const u8,
    source_len: usize,
    target: [*]const u8,
    target_len: usize,
    cents: u64,
) callconv(.c) *const Done {
    return done(transfer(source[0..source_len], target[0..target_len], cents));
}

fn closeFlat(account: [*]const u8, len: usize) callconv(.c) *const Done {
    return done(close(account[0..len]));
}

fn balanceOf(account: [*]const u8, len: usize) callconv(.c) *const abi.Result(abi.Option(u64), String) {
    const Answer = abi.Result(abi.Option(u64), String);
    const found = look(account[0..len]) catch |why| return abi.keep(Answer.err(words(why)));
    return abi.keep(Answer.ok(if (found) |balance| abi.Option(u64).some(balance.cents) else abi.Option(u64).none));
}

fn look(account: []const u8) Problem!?Found {
    return find(try keyOf(account));
}

/// `balance`: a record of the world.
const Balance = extern struct { account: String, cents: u64 };

fn accounts() callconv(.c) *const abi.Result(abi.List(Balance), String) {
    const Answer = abi.Result(abi.List(Balance), String);
    const found = list() catch |why| return abi.keep(Answer.err(words(why)));
    return abi.keep(Answer.ok(abi.List(Balance).of(found)));
}

fn list() Problem![]const Balance {
    const keys = storage.keys(prefix, 1000) catch return error.Storage;
    const balances = abi.items(Balance, keys.len);
    for (balances, keys) |*balance, key| {
        const found = try find(key.slice()) orelse return error.Unknown;
        balance.* = .{ .account = String.of(key.slice()[prefix.len..]), .cents = found.cents };
    }
    return balances;
}

// lifecycle

pub fn init(_: airssys.Config) ?airssys.Error {
    return null;
}

pub fn shutdown() ?airssys.Error {
    return null;
}
