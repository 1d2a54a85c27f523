;; Traps in every way a component can, one function for each.
;;
;; A core module: `wasm-tools component new` wraps it into a component of the world in ../wit, which is why the exports
;; carry the names of WIT and take flattened parameters.
(module $crasher
  (type $operation (func))
  (type $other (func (param i64)))

  (memory (export "memory") 1)
  ;; Entries 0 and 1 are for the indirect calls; the operations follow, in the order of the names below.
  (table $operations 32 funcref)
  (elem (table $operations) (i32.const 1) func $ok)
  (elem (table $operations) (i32.const 16) func
    $nothing $unreachable $out-of-bounds $stack-overflow $divide-by-zero $integer-overflow $bad-conversion $indirect-null
    $indirect-signature $table-out-of-bounds $endless-loop $bad-string-now $table-grow-now $memory-grow-now)
  ;; A table of its own to grow, so that growing does not fill the holes the other one needs.
  (table $growing 0 funcref)

  ;; 0     the result of `lifecycle.init` and `lifecycle.shutdown`: a tag, 0 for ok
  ;; 16    the result of `execute`: tag; then the tag, address and length of the payload or the error
  ;; 32    a string outside the memory
  ;; 64    "ok"
  ;; 256   the names: one byte for the length, then the text; a length of 0 ends them
  ;; 1024  what the host puts in; `cabi_realloc` starts there and a post-return goes back to it
  (data (i32.const 32) "\ff\ff\ff\7f\10\00\00\00")
  (data (i32.const 64) "ok")
  (data (i32.const 256)
    "\02ok" "\0bunreachable" "\0dout-of-bounds" "\0estack-overflow" "\0edivide-by-zero" "\10integer-overflow"
    "\0ebad-conversion" "\0dindirect-null" "\12indirect-signature" "\13table-out-of-bounds" "\0cendless-loop"
    "\0abad-string" "\0atable-grow" "\0bmemory-grow" "\00")
  (global $free (mut i32) (i32.const 1024))

  ;; ------------------------------------------------------------------ the operations

  (func $ok (export "ok") (result i32) (i32.const 42))

  (func $unreachable (export "unreachable") (unreachable))

  (func $out-of-bounds (export "out-of-bounds")
    (drop (i32.load (i32.const -4))))

  (func $stack-overflow (export "stack-overflow")
    (call $stack-overflow)
    ;; Something left to do, so that this stays a call.
    (global.set $free (global.get $free)))

  (func $divide-by-zero (export "divide-by-zero")
    (drop (i32.div_u (i32.const 1) (i32.const 0))))

  (func $integer-overflow (export "integer-overflow")
    (drop (i32.div_s (i32.const 0x80000000) (i32.const -1))))

  (func $bad-conversion (export "bad-conversion")
    (drop (i32.trunc_f64_s (f64.const nan))))

  (func $indirect-null (export "indirect-null")
    (call_indirect $operations (type $operation) (i32.const 0)))

  (func $indirect-signature (export "indirect-signature")
    (call_indirect $operations (type $other) (i64.const 1) (i32.const 1)))

  (func $table-out-of-bounds (export "table-out-of-bounds")
    (call_indirect $operations (type $operation) (i32.const 1000000)))

  (func $endless-loop (export "endless-loop")
    (loop $again (br $again)))

  (func $bad-string (export "bad-string") (result i32) (i32.const 32))

  (func $table-grow (export "table-grow") (param $entries i32) (result i32)
    (table.grow $growing (ref.null func) (local.get $entries)))

  (func $memory-grow (export "memory-grow") (param $pages i32) (result i32)
    (memory.grow (local.get $pages)))

  ;; What `execute` runs for the operations that take or give something.
  (func $nothing)
  (func $bad-string-now (drop (i32.load (i32.load (i32.const 32)))))
  (func $table-grow-now (drop (call $table-grow (i32.const 1))))
  (func $memory-grow-now (drop (call $memory-grow (i32.const 1))))

  ;; ------------------------------------------------------------------ airssys:core-component

  (func (export "airssys:core-component/lifecycle@1.0.0#init")
    (param i32 i32 i32 i32 i64 i64 i64 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
    (i32.const 0))
  (func (export "cabi_post_airssys:core-component/lifecycle@1.0.0#init") (param i32)
    (call $release))
  (func (export "airssys:core-component/lifecycle@1.0.0#shutdown") (result i32)
    (i32.const 0))

  (func (export "airssys:core-component/execution@1.0.0#execute")
    (param $name i32) (param $length i32)
    (param i32 i32 i32 i64 i32 i32 i32 i32 i32 i32 i64 i32 i32) (result i32)
    (local $index i32)
    (local.set $index (call $find (local.get $name) (local.get $length)))
    (if (i32.lt_s (local.get $index) (i32.const 0))
      (then ;; err(unknown-operation(name))
        (i32.store8 (i32.const 16) (i32.const 1))
        (i32.store8 (i32.const 20) (i32.const 0))
        (i32.store (i32.const 24) (local.get $name))
        (i32.store (i32.const 28) (local.get $length)))
      (else
        (call_indirect $operations (type $operation) (i32.add (i32.const 16) (local.get $index)))
        ;; ok(text("ok"))
        (i32.store8 (i32.const 16) (i32.const 0))
        (i32.store8 (i32.const 20) (i32.const 0))
        (i32.store (i32.const 24) (i32.const 64))
        (i32.store (i32.const 28) (i32.const 2))))
    (i32.const 16))
  (func (export "cabi_post_airssys:core-component/execution@1.0.0#execute") (param i32)
    (call $release))

  ;; The number of a name, or -1.
  (func $find (param $name i32) (param $length i32) (result i32)
    (local $entry i32) (local $index i32) (local $size i32)
    (local.set $entry (i32.const 256))
    (loop $next
      (local.set $size (i32.load8_u (local.get $entry)))
      (if (i32.eqz (local.get $size)) (then (return (i32.const -1))))
      (if (i32.eq (local.get $size) (local.get $length))
        (then
          (if (call $same (i32.add (local.get $entry) (i32.const 1)) (local.get $name) (local.get $size))
            (then (return (local.get $index))))))
      (local.set $index (i32.add (local.get $index) (i32.const 1)))
      (local.set $entry (i32.add (i32.add (local.get $entry) (local.get $size)) (i32.const 1)))
      (br $next))
    (unreachable))

  (func $same (param $left i32) (param $right i32) (param $size i32) (result i32)
    (loop $byte
      (local.set $size (i32.sub (local.get $size) (i32.const 1)))
      (if (i32.ne (i32.load8_u (i32.add (local.get $left) (local.get $size)))
                  (i32.load8_u (i32.add (local.get $right) (local.get $size))))
        (then (return (i32.const 0))))
      (br_if $byte (local.get $size)))
    (i32.const 1))

  ;; ------------------------------------------------------------------ memory for what comes in

  (func $release
    (global.set $free (i32.const 1024)))

  ;; Room for $size bytes, $alignment (a power of two) aligned, taken off the free end. Nothing is freed before the
  ;; post-return, and a trap ends the instance together with its memory.
  (func (export "cabi_realloc") (param $old i32) (param $old-size i32) (param $alignment i32) (param $size i32) (result i32)
    (local $start i32) (local $end i32) (local $missing i32)
    (local.set $start
      (i32.and
        (i32.sub (i32.add (global.get $free) (local.get $alignment)) (i32.const 1))
        (i32.sub (i32.const 0) (local.get $alignment))))
    (local.set $end (i32.add (local.get $start) (local.get $size)))
    (local.set $missing
      (i32.sub (i32.shr_u (i32.add (local.get $end) (i32.const 65535)) (i32.const 16)) (memory.size)))
    (if (i32.gt_s (local.get $missing) (i32.const 0))
      (then
        (if (i32.eq (memory.grow (local.get $missing)) (i32.const -1))
          (then (unreachable)))))
    (if (local.get $old-size)
      (then (memory.copy (local.get $start) (local.get $old) (local.get $old-size))))
    (global.set $free (local.get $end))
    (local.get $start)))
