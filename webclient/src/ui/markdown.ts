/**
 * Chat text as safe HTML: a little markdown, no images, no raw HTML; links open elsewhere and
 * tell nothing of where they were clicked.
 */
import DOMPurify from 'dompurify';
import { Marked } from 'marked';

const marked = new Marked({ gfm: true, breaks: true });
marked.use({ renderer: { html: ({ text }) => escape(text), image: ({ text }) => escape(text) } });

const purify = DOMPurify();
purify.addHook('afterSanitizeAttributes', (node) => {
	if (node.tagName !== 'A') return;
	node.setAttribute('target', '_blank');
	node.setAttribute('rel', 'noopener noreferrer nofollow');
});

const ALLOWED = ['p', 'br', 'strong', 'em', 'del', 'code', 'pre', 'a', 'ul', 'ol', 'li', 'blockquote'];

function escape(text: string): string {
	return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

export function renderMarkdown(text: string): string {
	const html = marked.parse(text, { async: false });
	return purify.sanitize(html, {
		ALLOWED_TAGS: ALLOWED,
		ALLOWED_ATTR: ['href', 'target', 'rel'],
		ALLOWED_URI_REGEXP: /^(?:https?|mailto):/i
	});
}
