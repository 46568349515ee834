#include "mediad/sfu/turn.h"

#include "mediad/sfu/transport.h"

void turn_init(struct turn *t)
{
	list_init(&t->touched);
	list_init(&t->noted);
}

struct transport *turn_touched(struct turn *t)
{
	struct list *it = t->touched.next;

	if (list_empty(&t->touched))
		return NULL;
	list_del(it);
	return list_entry(it, struct transport, touched);
}

struct note *turn_noted(struct turn *t, uint16_t *bits)
{
	struct note *n;

	if (list_empty(&t->noted))
		return NULL;
	n = list_entry(t->noted.next, struct note, node);
	list_del(&n->node);
	*bits = n->bits;
	n->bits = 0;
	return n;
}

void turn_note_init(struct note *n, enum note_noun noun)
{
	list_init(&n->node);
	n->noun = noun;
	n->bits = 0;
}

void turn_note(struct turn *t, struct note *n, enum note_bit bit)
{
	if (!n->bits)
		list_push(&t->noted, &n->node);
	n->bits |= (uint16_t)bit;
}

void turn_note_drop(struct note *n)
{
	list_del(&n->node);
	n->bits = 0;
}
