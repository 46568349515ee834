/** One or two letters that stand for a name. */
export function initials(name: string): string {
	const words = name.trim().split(/\s+/u).filter(Boolean);
	const first = [...(words[0] ?? '')][0] ?? '?';
	const last = words.length > 1 ? ([...words[words.length - 1]!][0] ?? '') : '';
	return (first + last).toLocaleUpperCase();
}
