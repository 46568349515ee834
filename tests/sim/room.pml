/*
 * room: admission, invites, succession and resume of one room, for spin.
 *
 * Two guests and a host; each may lose its link, come back with its token or
 * let the grace run out, at any moment. The host admits, denies, kicks, makes
 * an invite of one use and revokes it. The process may be killed: what was
 * journaled stays, what was not is forgotten, and so are the answers that
 * waited for it. All states are searched:
 *
 *	make spin
 */
#define N 3 /* peers; 0 enters first */

mtype = {NEW, WAITING, WAITING_AWAY, IN, AWAY, GONE};

mtype state[N] = NEW;  /* in memory */
mtype saved[N] = NEW;  /* in the journal */
bool dirty = false;    /* memory is ahead of the journal */
bool want_in[N];       /* answers behind the gate ... */
bool want_gone[N];
byte want_redeemed = 0;
bool want_revoked = false;
bool told_in[N];       /* ... and what people have heard: p is in, */
bool told_gone[N];     /* p was thrown out, */
byte host = N;	       /* N: nobody */
byte owner = N;
bool grace = false;    /* of a host who is away: still runs */
byte uses = 0;	       /* left, in memory */
byte saved_uses = 0;
byte redeemed = 0;     /* somebody is in by invite, */
bool revoked = false;  /* the invite is revoked */
byte made = 0;	       /* uses ever handed out */
byte next = 0;	       /* of settle(); 0 again after it: fewer states */

#define is_in(p)      (state[p] == IN || state[p] == AWAY)
#define is_waiting(p) (state[p] == WAITING || state[p] == WAITING_AWAY)

/* The oldest who is here; N when nobody is. */
inline heir(h)
{
	h = N;
	if
	:: state[0] == IN -> h = 0
	:: else -> if
		:: state[1] == IN -> h = 1
		:: else -> if
			:: state[2] == IN -> h = 2
			:: else -> skip
			fi
		fi
	fi
}

/* A room with people here and no host that counts gets one. */
inline settle()
{
	if
	:: host == N || (state[host] == AWAY && !grace) ->
		heir(next);
		if
		:: next < N ->
			if
			:: owner == N || !is_in(owner) -> owner = next
			:: else -> skip
			fi;
			host = next;
			grace = false
		:: else -> skip
		fi;
		next = 0
	:: else -> skip
	fi
}

/* Memory changes at once; the journal and the answer follow. */
inline come_in(p)
{
	state[p] = IN;
	want_in[p] = true;
	dirty = true
}

inline end_session(p)
{
	state[p] = GONE;
	dirty = true;
	if
	:: host == p -> host = N
	:: else -> skip
	fi;
	if
	:: owner == p -> owner = N
	:: else -> skip
	fi;
	settle()
}

/* One client. Each step of the core is atomic: that is its design. */
proctype client(byte p)
{
	bool lost; /* once is enough: a resume brings back the state before */

end:	do
	:: atomic { p == 0 && state[p] == NEW && host == N && !is_in(1) &&
		!is_in(2) ->	/* the first in a typed room; 0, by symmetry */
		come_in(p);
		host = p;
		owner = p;
		grace = false }
	:: atomic { state[p] == NEW && (is_in(0) || is_in(1) || is_in(2)) ->
		state[p] = WAITING;
		dirty = true }
	:: atomic { state[p] == NEW && uses > 0 &&
		(is_in(0) || is_in(1) || is_in(2)) ->
		uses--;		/* looked up and spent in one step */
		come_in(p);
		want_redeemed++;
		settle() }
	:: atomic { state[p] == IN && !lost -> state[p] = AWAY; lost = true;
		if
		:: host == p -> grace = true
		:: else -> skip
		fi }
	:: atomic { state[p] == WAITING && !lost ->
		state[p] = WAITING_AWAY; lost = true }
	:: atomic { state[p] == AWAY -> /* resume */
		state[p] = IN;
		if
		:: host == p -> grace = false
		:: host != p && owner == p -> host = p; grace = false
		:: else -> skip
		fi;
		settle() }
	:: atomic { state[p] == WAITING_AWAY -> state[p] = WAITING }
	:: atomic { state[p] == AWAY || state[p] == WAITING_AWAY ->
		end_session(p) } /* the grace is over */
	od
}

proctype hosting()
{
	byte p;

end:	do
	:: atomic { host < N && state[host] == IN ->
		select(p : 0 .. 2);
		if
		:: is_waiting(p) ->
			if
			:: state[p] == WAITING -> come_in(p)
			:: else -> come_in(p); state[p] = AWAY
			fi
		:: is_waiting(p) -> want_gone[p] = true; end_session(p)
		:: is_in(p) && p != host ->
			want_gone[p] = true; end_session(p)
		:: else -> skip
		fi;
		p = 0 }
	:: atomic { host < N && state[host] == IN && made == 0 ->
		made = 1; uses = 1; dirty = true }
	:: atomic { host < N && state[host] == IN && made == 1 ->
		uses = 0; want_revoked = true; dirty = true }
	:: atomic { host < N && grace && state[host] == AWAY ->
		grace = false;	/* 15 s have passed */
		settle() }
	od
}

/* The journal takes all that is queued, then the answers leave. */
proctype writer()
{
	byte p;

end:	do
	:: atomic { dirty ->
		for (p : 0 .. 2) {
			if
			:: is_in(p) -> saved[p] = IN
			:: is_waiting(p) -> saved[p] = WAITING
			:: else -> saved[p] = state[p]
			fi;
			told_in[p] = told_in[p] || want_in[p];
			told_gone[p] = told_gone[p] || want_gone[p];
			want_in[p] = false;
			want_gone[p] = false
		}
		saved_uses = uses;
		assert(!(revoked && want_redeemed > 0));
		redeemed = redeemed + want_redeemed;
		revoked = revoked || want_revoked;
		want_redeemed = 0;
		want_revoked = false;
		dirty = false;
		p = 0 }
	od
}

/* kill -9 and a start from the journal. */
proctype crash()
{
	byte p, n;

	do
	:: atomic { n < 1 -> n++;
		uses = saved_uses;
		dirty = false;
		want_redeemed = 0;
		want_revoked = false;
		for (p : 0 .. 2) {
					want_in[p] = false;
			want_gone[p] = false;
			if
			:: saved[p] == IN -> state[p] = AWAY
			:: saved[p] == WAITING -> state[p] = WAITING_AWAY
			:: else -> state[p] = saved[p]
			fi
		}
		if
		:: host < N && is_in(host) -> grace = true
		:: host < N && !is_in(host) -> host = N
		:: else -> skip
		fi;
		if
		:: owner < N && !is_in(owner) -> owner = N
		:: else -> skip
		fi;
		p = 0 }
	:: break
	od
}

#define here(p)	 (state[p] == IN)
#define hosted	 (host < N && is_in(host) && (state[host] == IN || grace))

/* What must hold in every state. */
proctype monitor()
{
end:	atomic {
		!(redeemed <= made &&
		  (!told_in[0] || (state[0] != NEW && !is_waiting(0))) &&
		  (!told_in[1] || (state[1] != NEW && !is_waiting(1))) &&
		  (!told_in[2] || (state[2] != NEW && !is_waiting(2))) &&
		  (!told_gone[0] || state[0] == GONE) &&
		  (!told_gone[1] || state[1] == GONE) &&
		  (!told_gone[2] || state[2] == GONE) &&
		  (!(here(0) || here(1) || here(2)) || hosted)) ->
		assert(false)
	}
}

init
{
	atomic {
		run client(0);
		run client(1);
		run client(2);
		run hosting();
		run writer();
		run crash();
		run monitor()
	}
}
