;; Grows its memory as far as it is let and says how much it has, so that what the meter shows can be compared with what
;; the component itself sees.
;;
;; A whole component as text, without any tool's help: a core module, its one instance, and each export lifted to a
;; component function. Plain numbers need neither a memory nor an allocator to cross the boundary.
(component
  (core module $hoarder
    (memory 1)

    ;; Ask for more pages of 64 KiB. What it had before, in pages, or -1 when that is refused.
    (func $grab (export "grab") (param $pages i32) (result i32)
      (memory.grow (local.get $pages)))

    ;; Ask for 1 MiB at a time until that is refused, then for single pages. What it has in the end, in bytes.
    (func $hog (export "hog") (result i64)
      (loop $again
        (br_if $again (i32.ne (memory.grow (i32.const 16)) (i32.const -1))))
      (loop $again
        (br_if $again (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
      (call $size))

    ;; What it has, in bytes.
    (func $size (export "size") (result i64)
      (i64.shl (i64.extend_i32_u (memory.size)) (i64.const 16))))

  (core instance $instance (instantiate $hoarder))

  (func (export "grab") (param "pages" u32) (result s32)
    (canon lift (core func $instance "grab")))
  (func (export "hog") (result u64)
    (canon lift (core func $instance "hog")))
  (func (export "size") (result u64)
    (canon lift (core func $instance "size"))))
