/*
 * list: an intrusive doubly linked ring. The head is a struct list of its
 * own; a node is embedded in what it links, which keeps the ownership.
 *
 *	struct list peers;
 *	list_init(&peers);
 *	list_push(&peers, &peer->node);
 *	list_for_each(it, &peers) {
 *		struct peer *p = list_entry(it, struct peer, node);
 *	}
 */
#ifndef COMMON_LIST_H
#define COMMON_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
	struct list *next, *prev;
};

#define list_entry(ptr, type, member)                                          \
	((type *)(void *)((char *)(ptr)-offsetof(type, member)))

#define list_for_each(it, head)                                                \
	for (struct list *it = (head)->next; it != (head); it = it->next)

/* Allows the body to unlink `it`. */
#define list_for_each_safe(it, head)                                           \
	for (struct list *it = (head)->next, *it##_n = it->next; it != (head); \
	     it = it##_n, it##_n = it->next)

static inline void list_init(struct list *l)
{
	l->next = l;
	l->prev = l;
}

static inline bool list_empty(const struct list *l)
{
	return l->next == l;
}

/* Appends at the tail. */
static inline void list_push(struct list *head, struct list *n)
{
	n->prev = head->prev;
	n->next = head;
	head->prev->next = n;
	head->prev = n;
}

/* Unlinks and leaves the node a ring of one, so that twice is harmless. */
static inline void list_del(struct list *n)
{
	n->prev->next = n->next;
	n->next->prev = n->prev;
	list_init(n);
}

#endif
