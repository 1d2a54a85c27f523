//! Asks another component, in both ways that there are: with a callback, and waiting.

const std = @import("std");
const airssys = @import("airssys");
const abi = airssys.abi;
const mail = airssys.mail;

comptime {
    airssys.exportLifecycle(@This());
    airssys.timers.exportHandler(@This());
    mail.exportCallbackHandler(@This());
    abi.exportAs("ask", ask);
    abi.exportAs("tally", tally);
}

const partner = "pong";
const patience_ms = 2_000;

const Score = extern struct { asked: u64 = 0, answered: u64 = 0, failed: u64 = 0 };
var score: Score = .{};

pub fn init(_: airssys.Config) ?airssys.Error {
    const every = if (airssys.host.config("every-ms")) |json| std.fmt.parseUnsigned(u64, json, 10) catch 0 else 1_000;
    if (every < 10 or every > 60_000)
        return airssys.failure(.invalid_config, "every-ms must be a number from 10 to 60 000");
    return airssys.timers.set("ping", every, every);
}

pub fn shutdown() ?airssys.Error {
    return null;
}

pub fn onTimer(_: []const u8) void {
    score.asked += 1;
    switch (mail.ask(partner, "ping", patience_ms)) {
        .request => {},
        .err => |reason| fail(reason),
    }
}

pub fn onAnswer(_: u64, answer: mail.Answer) void {
    switch (answer) {
        .ok => score.answered += 1,
        .err => |reason| fail(reason),
    }
}

fn fail(reason: mail.Error) void {
    score.failed += 1;
    airssys.host.log(.warn, "no answer", &.{airssys.host.field("reason", reason.text.slice())});
}

const Said = abi.Result(abi.String, abi.String);

fn ask(text: [*]const u8, len: usize) callconv(.c) *const Said {
    return abi.keep(switch (mail.call(partner, text[0..len], patience_ms)) {
        .ok => |payload| Said.ok(payload.text),
        .err => |reason| Said.err(reason.text),
    });
}

fn tally() callconv(.c) *const Score {
    return abi.keep(score);
}
