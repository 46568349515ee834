#!/bin/bash
# Programs are hardened, asked of what was linked: position-independent, all
# of it bound at the start and read-only from then on, no executable stack,
# canaries, calls that know how large the buffer is.
B=${B:-build/release}
for p in "$B"/bin/*; do
	[ -f "$p" ] || { echo "$p: not built"; continue; }
	elf=$(readelf -hldW "$p")
	calls=$(nm -D -u "$p")
	has() { grep -q "$2" <<<"$1" || echo "$p: no $3"; }
	has "$elf" '^ *Type: *DYN' 'position-independent code (-fPIE -pie)'
	has "$elf" 'GNU_RELRO' 'read-only relocations (-z relro)'
	has "$elf" 'BIND_NOW' 'binding at the start (-z now)'
	has "$elf" 'GNU_STACK.* RW ' 'plain stack (-z noexecstack)'
	has "$calls" '__stack_chk_fail' 'canary (-fstack-protector-strong)'
	has "$calls" '__[a-z]*_chk\(@\|$\)' 'fortified call (-D_FORTIFY_SOURCE)'
done
