#!/bin/bash
# Plants a fault for each rule in a small tree and sees the rule find it; on
# the same tree without the fault the rule says nothing.
top=$PWD
export B=build/release
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

hard='-O2 -fPIE -fstack-protector-strong -D_FORTIFY_SOURCE=2 -pie -Wl,-z,relro,-z,now,-z,noexecstack'

# A clean tree of one library, two folders and a program.
fresh() {
	rm -rf "$dir/t" && mkdir -p "$dir/t/common/sys" "$dir/t/mediad/rtp" && cd "$dir/t" || exit 2
	git init -q . && cp "$top/.clang-format" "$top/.clang-tidy" .
	printf '# Tree\n\n    mediad/rtp/ -> common/\n    common/sys/ -> common/\n\nPURE: mediad/rtp/\n\nSee `seq.c seq_next()`.\n' >README.md
	printf '#ifndef A_H\n#define A_H\nint a_one(int x);\n#endif\n' >common/a.h
	printf '#ifndef CLOCK_H\n#define CLOCK_H\nint clock_us(void);\n#endif\n' >common/sys/clock.h
	printf '#include "common/a.h"\n\nint seq_next(int x);\n\nint seq_next(int x)\n{\n\treturn a_one(x) + 1;\n}\n' >mediad/rtp/seq.c
}
build() {
	git add -A
	for c in $(git ls-files '*.c'); do
		mkdir -p "build/release/$(dirname "$c")"
		cc -w -I. -c "$c" -o "build/release/${c%.c}.o" || exit 2
	done
	link "$hard"
}
# link FLAGS: a program with an array and a call that can be fortified.
link() {
	mkdir -p build/release/bin
	printf '#include <string.h>\nint main(int n, char **v)\n{\n\tchar b[16];\n\tmemcpy(b, v[0], n);\n\treturn strlen(b);\n}\n' |
		cc -w $1 -x c - -o build/release/bin/program || exit 2
}
# expect RULE "what was planted": the rule must speak, and name the file.
expect() {
	build
	out=$("$top/tests/lint/$1.sh" 2>&1)
	[ -n "$out" ] || echo "$1 did not see: $2"
	fresh
}
fresh && build
for rule in layers pure names sizes banned ways format tidy hardening; do
	out=$("$top/tests/lint/$rule.sh" 2>&1)
	[ -z "$out" ] || echo "$rule complains of a clean tree: $out"
done
fresh
sed -i '1i #include "common/sys/clock.h"' mediad/rtp/seq.c
expect layers "an include without an arrow"
printf '#include <time.h>\nlong seq_now(void)\n{\n\treturn time(0);\n}\n' >>mediad/rtp/seq.c
expect pure "a clock in a pure folder"
printf '#include <time.h>\nlong seq_now(void)\n{\n\treturn time(0);\n}\n' >>mediad/rtp/seq.c
expect banned "a second reader of the clock"
printf '\nint other_name(void)\n{\n\treturn 1;\n}\n' >>mediad/rtp/seq.c
expect names "a global of another name"
{ printf '\nint seq_long(int x)\n{\n'; for _ in $(seq 90); do printf '\tx++;\n'; done; printf '\treturn x;\n}\n'; } >>mediad/rtp/seq.c
expect sizes "a function of 91 lines"
printf '\nint seq_wide(int a, int b, int c, int d, int e, int f, int g)\n{\n\treturn a;\n}\n' >>mediad/rtp/seq.c
expect sizes "seven parameters"
printf '\nint seq_deep(int a)\n{\n\tif (a)\n\t\tif (a > 1)\n\t\t\tif (a > 2)\n\t\t\t\tif (a > 3)\n\t\t\t\t\tif (a > 4)\n\t\t\t\t\t\treturn 1;\n\treturn a;\n}\n' >>mediad/rtp/seq.c
expect sizes "five levels"
printf '\n#include <string.h>\nchar *seq_cp(char *d, char *s)\n{\n\treturn strcpy(d, s);\n}\n' >>mediad/rtp/seq.c
expect banned "strcpy"
sed -i 's/seq_next()/seq_gone()/' README.md
expect ways "a way to a function that is gone"
printf '\nint seq_bad( int x ){return x;}\n' >>mediad/rtp/seq.c
expect format "other white space"
printf '\n#include <string.h>\nint seq_memset(char *p);\nint seq_memset(char *p)\n{\n\tmemset(p, sizeof(p), 0);\n\treturn 0;\n}\n' >>mediad/rtp/seq.c
expect tidy "memset with size and value exchanged"
# Each flag away, one after another; the rule names what is missing.
while read -r without instead word; do
	build
	link "${hard/$without/$instead}"
	"$top/tests/lint/hardening.sh" | grep -q "no $word" ||
		echo "hardening did not see: no $word"
done <<'END'
-pie -no-pie position-independent
-z,relro -z,norelro read-only
-z,now -z,lazy binding
-z,noexecstack -z,execstack plain
-fstack-protector-strong -fno-stack-protector canary
-D_FORTIFY_SOURCE=2 -U_FORTIFY_SOURCE fortified
END
