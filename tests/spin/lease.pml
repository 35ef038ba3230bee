/*
 * lease: a model of the lease protocol (docs/leases.md, migrations/0006_leases.sql).
 *
 * One budget; NG gateways with LPG leases and EPG requests each; Postgres with its functions grant,
 * renew, give back and declare lost; billing, which posts events and close records in any order and
 * more than once; a network that loses answers and delivers requests late, even after their sender
 * died; crashes with and without the journal, gateways cut off from Postgres, Postgres away.
 *
 * Every process is a loop of guarded atomic steps, one control state each, and everything that may
 * be repeated is bounded, so that every run ends. What must hold always is asserted behind each
 * step that touches it; what must hold at last is asserted when no step is possible any more, so
 * "released eventually" is checked without fairness.
 *
 * BREAK_... switches take one rule of the protocol away. The model must then find an error: that
 * shows that it can. REACH_... switches deny that something can happen, which must be refuted.
 */
#ifndef NG
#define NG 2
#endif
#ifndef LPG
#define LPG 1
#endif
#ifndef EPG
#define EPG 2
#endif
#ifndef BUDGET
#define BUDGET 4
#endif
#ifndef WORST
#define WORST 2 /* the dearest request */
#endif
/* How often the world may go wrong, all gateways together. */
#ifndef CRASHES
#define CRASHES 1
#endif
#ifndef DISK_LOSSES
#define DISK_LOSSES 1
#endif
#ifndef AWAYS
#define AWAYS 1
#endif
#ifndef OUTAGES
#define OUTAGES 1
#endif
#ifndef LOST_ANSWERS
#define LOST_ANSWERS 1
#endif
#ifndef DUPLICATES
#define DUPLICATES 1
#endif
#ifndef EXPIRIES
#define EXPIRIES 2
#endif
#ifndef RENEWS
#define RENEWS 2
#endif
#ifndef GIVE_BACKS
#define GIVE_BACKS 1
#endif

#define NL (NG * LPG)
#define NE (NG * EPG)

/* Postgres. A lease's row, and the budget's. */
#define NONE 0
#define OPEN 1
#define CLOSED 2
#define LOST 3
byte row[NL], granted[NL], returned[NL], posted[NL], posted_count[NL];
bool expired[NL];      /* expires_at has passed */
bool close_known[NL];  /* closed_count is set */
byte spent, held, overrun;
bool lost[NG];         /* was declared lost at some time */
bool postgres = true;  /* is there */

/* The gateways' memory; gone with a crash. */
#define UP 0
#define AWAY 1    /* serves, but does not reach Postgres */
#define DEAD 2    /* crashed; its journal is there */
#define OVER 3    /* recovered: the journal is settled */
#define GONE 4    /* crashed, and the journal is lost */
byte gateway[NG];
#define FREE 0
#define ASKED 1
#define HELD 2
#define ENDED 3
byte own[NL];         /* what the gateway makes of the lease */
byte idle[NL];        /* granted and not reserved, spent or given back */
byte reserved[NL];
byte back_total[NL];  /* given back in all */
bool stopped[NL];     /* its own clock says that it could not renew in time */

/* On the wire. */
bool grant_asked[NL], grant_late[NL]; /* late: its connection is gone, Postgres may still see it */
byte grant_said[NL];                  /* 0 nothing, 1 granted, 2 refused */
bool renew_asked[NL];
byte renew_said[NL];                  /* 0 nothing, 1 still open, 2 not open any more */
bool said_stale[NL];                  /* the answer under way was asked for a lease's life ago */
bool back_asked[NL];

/* The journals: what a crash leaves. */
#define NO_EVENT 0
#define INTENT 1
#define FINAL 2
#define POSTED 3 /* billing has it; it may come again */
#define VANISHED 4
byte event[NE], event_lease[NE], event_reserved[NE], event_charge[NE];
bool opened[NL], closed[NL];    /* LEASE records */
byte closed_count[NL];

byte crashes, disk_losses, aways, outages, lost_answers, duplicates, expiries, renews, give_backs;

#ifdef REACH_LATE_GRANT
bool late_row; /* a grant was executed when its gateway was dead */
#endif

/* Scratch; no part of the state. */
hidden byte i, j, x, y;

#define gateway_of(l) ((l) / LPG)
#define alive(g) (gateway[g] == UP || gateway[g] == AWAY)
#define hold(l) (row[l] == OPEN && granted[l] > returned[l] + posted[l] -> \
                 granted[l] - returned[l] - posted[l] : 0)
#define any_open(g) (row[(g) * LPG] == OPEN || row[(g) * LPG + LPG - 1] == OPEN)
#ifndef BREAK_LOST_BEFORE_EXPIRY
#define may_be_lost(l) (row[l] != OPEN || expired[l])
#else
#define may_be_lost(l) true
#endif
#define all_expired(g) (may_be_lost((g) * LPG) && may_be_lost((g) * LPG + LPG - 1))
#define min(a, b) ((a) < (b) -> (a) : (b))

/* What must hold always. */
inline check()
{
    d_step {
        /* The budget is never promised twice. */
        assert(spent + held <= BUDGET);
        x = 0;
        for (i : 0 .. NL - 1) {
            x = x + hold(i);
            /* What may still be charged to a lease is held for it. */
            if
            :: row[i] == OPEN ->
                y = idle[i];
                for (j : 0 .. NE - 1) {
                    if
                    :: event[j] == INTENT && event_lease[j] == i -> y = y + event_reserved[j]
                    :: event[j] == FINAL && event_lease[j] == i -> y = y + event_charge[j]
                    :: else
                    fi
                }
                assert(y <= hold(i))
            :: else
            fi
        }
        assert(x == held);
        i = 0; j = 0; x = 0; y = 0
    }
}

/* A close record's count: all events of the lease, made or to be made by recovery. */
inline write_close(l)
{
    closed[l] = true;
    closed_count[l] = 0;
    for (j : 0 .. NE - 1) {
        if
        :: event[j] != NO_EVENT && event[j] != VANISHED && event_lease[j] == l ->
            closed_count[l]++
        :: else
        fi
    }
    j = 0
}

/* What nobody asks for any more need not tell states apart. */
inline forget(l)
{
    returned[l] = 0; posted[l] = 0; posted_count[l] = 0; closed_count[l] = 0; expired[l] = false
}

/* Billing frees what is left when all events of a closed lease are posted. */
inline try_close(l)
{
    if
#ifdef BREAK_CLOSE_BEFORE_EVENTS
    :: row[l] == OPEN && close_known[l] ->
#else
    :: row[l] == OPEN && close_known[l] && posted_count[l] == closed_count[l] ->
#endif
        held = held - hold(l);
        row[l] = CLOSED;
        forget(l)
    :: else
    fi
}

/* lease_grant(): an id that is known answers what it was granted then. */
inline execute_grant(l)
{
    if
    :: row[l] == NONE && BUDGET - spent - held >= WORST ->
        if
        :: granted[l] = WORST
        :: BUDGET - spent - held > WORST -> granted[l] = WORST + 1
        fi;
        row[l] = OPEN;
        expired[l] = false;
        held = held + granted[l];
        grant_said[l] = 1
#ifdef BREAK_GRANT_AGAIN
    :: row[l] == OPEN && BUDGET - spent - held >= WORST ->
        held = held + WORST; /* not idempotent: holds once more */
        grant_said[l] = 1
#endif
    :: row[l] == NONE && BUDGET - spent - held < WORST -> grant_said[l] = 2
    :: row[l] != NONE -> grant_said[l] = (granted[l] > 0 -> 1 : 2)
    fi
}

/* The life of one lease. */
active [NL] proctype Lease()
{
    byte l = _pid;
    byte part;

end:
    do
    /* The gateway asks; the LEASE opened record is written first, so that recovery knows the id. */
    :: atomic { gateway[gateway_of(l)] == UP && own[l] == FREE && (l % LPG == 0 || own[l - 1] != FREE) ->
        own[l] = ASKED;
#ifndef BREAK_OPEN_AFTER_GRANT
        opened[l] = true;
#endif
        grant_asked[l] = true }
    :: atomic { postgres && grant_asked[l] ->
        grant_asked[l] = false;
        execute_grant(l);
        check() }
    /* The connection breaks: Postgres may have seen the request or see it later; the answer is lost. */
    :: atomic { grant_asked[l] && lost_answers < LOST_ANSWERS ->
        lost_answers++; grant_asked[l] = false; grant_late[l] = true }
    :: atomic { grant_said[l] != 0 && lost_answers < LOST_ANSWERS ->
        lost_answers++; grant_said[l] = 0 }
    :: atomic { postgres && grant_late[l] ->
        grant_late[l] = false;
        execute_grant(l);
#ifdef REACH_LATE_GRANT
        late_row = late_row || (row[l] == OPEN && !alive(gateway_of(l)));
#endif
        grant_said[l] = 0;
        check() }
    :: atomic { grant_late[l] -> grant_late[l] = false }
    :: atomic { gateway[gateway_of(l)] == UP && own[l] == ASKED && !grant_asked[l] && grant_said[l] == 0 ->
        grant_asked[l] = true }
    /* The answer. A lease's life counts from when its grant was first sent. */
    :: atomic { gateway[gateway_of(l)] == UP && grant_said[l] == 1 ->
        own[l] = HELD; opened[l] = true;
        idle[l] = granted[l];
#ifdef BREAK_LIFE_FROM_ANSWER
        stopped[l] = false;
#else
        stopped[l] = said_stale[l];
#endif
        grant_said[l] = 0; said_stale[l] = false;
        check() }
    :: atomic { gateway[gateway_of(l)] == UP && grant_said[l] == 2 ->
        own[l] = ENDED; opened[l] = true; grant_said[l] = 0; said_stale[l] = false;
        write_close(l) }

    /* Time. The gateway's own clock runs out first, since it counts from sending. */
    :: atomic { alive(gateway_of(l)) && own[l] == HELD && !stopped[l] && expiries < EXPIRIES ->
        expiries++; stopped[l] = true }
    :: atomic { row[l] == OPEN && !expired[l] &&
                (!alive(gateway_of(l)) || own[l] == ASKED || own[l] == ENDED || stopped[l]) ->
        expired[l] = true;
        said_stale[l] = (grant_asked[l] || grant_said[l] != 0 || own[l] == ASKED || renew_said[l] != 0) }
    :: atomic { gateway[gateway_of(l)] == UP && own[l] == HELD && stopped[l] && !renew_asked[l] && renew_said[l] == 0 &&
                renews < RENEWS ->
        renews++; renew_asked[l] = true }
    :: atomic { postgres && renew_asked[l] ->
        renew_asked[l] = false;
        if
        :: row[l] == OPEN -> expired[l] = false; renew_said[l] = 1
        :: else -> renew_said[l] = 2
        fi;
        said_stale[l] = false }
    :: atomic { gateway[gateway_of(l)] == UP && renew_said[l] != 0 ->
        if
        :: renew_said[l] == 2 -> idle[l] = 0
#ifdef BREAK_LIFE_FROM_ANSWER
        :: renew_said[l] == 1 -> stopped[l] = false
#else
        :: renew_said[l] == 1 -> stopped[l] = said_stale[l]
#endif
        fi;
        renew_said[l] = 0; said_stale[l] = false }

    /* Idle parts go back. What is on its way back is not spent any more; the sum in all is sent,
     * so that it may be sent again. */
    :: atomic { gateway[gateway_of(l)] == UP && own[l] == HELD && idle[l] > 0 && give_backs < GIVE_BACKS ->
        give_backs++;
        part = 1;
        if
        :: idle[l] > 1 -> part = idle[l]
        :: true
        fi;
#ifndef BREAK_GIVE_BACK_AND_KEEP
        idle[l] = idle[l] - part;
#endif
        back_total[l] = back_total[l] + part; part = 0;
        back_asked[l] = true }
    :: atomic { postgres && back_asked[l] ->
        if
        :: row[l] == OPEN ->
#ifdef BREAK_GIVE_BACK_TWICE
            part = min(back_total[l], hold(l));
#else
            part = min(back_total[l], granted[l] - posted[l]);
            part = (part > returned[l] -> part - returned[l] : 0);
#endif
            returned[l] = returned[l] + part;
            held = held - part; part = 0
        :: else
        fi;
        if
        :: back_asked[l] = false
        :: lost_answers < LOST_ANSWERS -> lost_answers++ /* no answer: it is sent again */
        fi;
        check() }

    /* The gateway ends a lease that nothing is reserved on. */
    :: atomic { alive(gateway_of(l)) && own[l] == HELD && reserved[l] == 0 && renew_said[l] == 0 && !renew_asked[l] ->
        own[l] = ENDED; idle[l] = 0; stopped[l] = false;
        write_close(l) }

    /* Billing reads the close record, before or behind its events, once or more. A lease that
     * Postgres does not know yet is remembered as closed, for its grant may still come. */
    :: atomic { postgres && closed[l] && !close_known[l] ->
        close_known[l] = true;
        if
#ifndef BREAK_NO_TOMBSTONE
        :: row[l] == NONE -> row[l] = CLOSED
#endif
        :: else -> try_close(l)
        fi;
        check() }
    od
}

/* The life of one request: reserved, written, settled, posted. */
active [NE] proctype Request()
{
    byte e = _pid - NL;
    byte l, part;

end:
    do
    :: atomic { event[e] == NO_EVENT && alive(e / EPG) && (e % EPG == 0 || event[e - 1] != NO_EVENT) &&
                own[(e / EPG) * LPG] == HELD && !stopped[(e / EPG) * LPG] && idle[(e / EPG) * LPG] > 0 ->
        l = (e / EPG) * LPG;
        if
        :: part = 1
        :: idle[l] >= WORST -> part = WORST
        fi;
        /* Nothing begins on a lease that may have been taken away. */
        assert(row[l] == OPEN);
        event[e] = INTENT; event_lease[e] = l; event_reserved[e] = part;
        idle[l] = idle[l] - part; reserved[l] = reserved[l] + part;
        part = 0; l = 0 }
#if LPG > 1
    :: atomic { event[e] == NO_EVENT && alive(e / EPG) && (e % EPG == 0 || event[e - 1] != NO_EVENT) &&
                own[(e / EPG) * LPG + 1] == HELD && !stopped[(e / EPG) * LPG + 1] && idle[(e / EPG) * LPG + 1] > 0 ->
        l = (e / EPG) * LPG + 1;
        if
        :: part = 1
        :: idle[l] >= WORST -> part = WORST
        fi;
        assert(row[l] == OPEN);
        event[e] = INTENT; event_lease[e] = l; event_reserved[e] = part;
        idle[l] = idle[l] - part; reserved[l] = reserved[l] + part;
        part = 0; l = 0 }
#endif
    /* FINAL: it may cost less than was reserved. */
    :: atomic { event[e] == INTENT && alive(e / EPG) ->
        l = event_lease[e];
        if
        :: part = 0
        :: part = event_reserved[e]
        fi;
        event[e] = FINAL; event_charge[e] = part;
        reserved[l] = reserved[l] - event_reserved[e];
#ifdef BREAK_SPEND_AGAIN
        idle[l] = idle[l] + event_reserved[e];
#else
        idle[l] = idle[l] + event_reserved[e] - part;
#endif
        event_reserved[e] = 0;
        part = 0; l = 0;
        check() }
    /* Billing posts it: from the hold, never more than that. */
    :: atomic { postgres && (event[e] == FINAL || (event[e] == POSTED && duplicates < DUPLICATES)) ->
        l = event_lease[e];
        if
#ifndef BREAK_NO_DEDUPE
        :: event[e] == POSTED -> duplicates++
        :: event[e] == FINAL ->
#else
        :: true ->
            duplicates = duplicates + (event[e] == POSTED -> 1 : 0);
#endif
            part = min(event_charge[e], hold(l));
            held = held - part; posted[l] = posted[l] + part; spent = spent + part;
            overrun = overrun + event_charge[e] - part;
            /* Overrun is for those only that were declared lost. */
            assert(part == event_charge[e] || lost[gateway_of(l)]);
            posted_count[l] = posted_count[l] + (row[l] == OPEN -> 1 : 0);
            event[e] = POSTED;
            try_close(l)
        fi;
        part = 0; l = 0;
        check() }
    od
}

/* What befalls a gateway. They are all alike, so it is the first one that things happen to. */
active [NG] proctype Gateway()
{
    byte g = _pid - NL - NE;
    byte l, e;

end:
    do
    :: atomic { g == 0 && gateway[g] == UP && aways < AWAYS -> aways++; gateway[g] = AWAY }
    :: atomic { gateway[g] == AWAY -> gateway[g] = UP }
    :: atomic { g == 0 && alive(g) && crashes < CRASHES ->
        crashes++;
        gateway[g] = DEAD;
        for (l : g * LPG .. g * LPG + LPG - 1) {
            grant_late[l] = grant_late[l] || grant_asked[l];
            grant_asked[l] = false; grant_said[l] = 0; renew_asked[l] = false; renew_said[l] = 0;
            said_stale[l] = false; own[l] = FREE; idle[l] = 0; reserved[l] = 0; stopped[l] = false
        }
        l = 0;
        check() }
    /* Its disk too: what billing does not have is gone. */
    :: atomic { gateway[g] == DEAD && disk_losses < DISK_LOSSES ->
        disk_losses++;
        gateway[g] = GONE;
        for (e : g * EPG .. g * EPG + EPG - 1) {
            if
            :: event[e] == INTENT || event[e] == FINAL ->
                event[e] = VANISHED; event_charge[e] = 0; event_reserved[e] = 0
            :: else
            fi
        }
        for (l : g * LPG .. g * LPG + LPG - 1) { closed[l] = false }
        e = 0; l = 0;
        check() }
    /* Recovery or adoption of the journal: missing FINALs cost nothing, then the closes. */
    :: atomic { gateway[g] == DEAD ->
        gateway[g] = OVER;
        for (e : g * EPG .. g * EPG + EPG - 1) {
            if
            :: event[e] == INTENT -> event[e] = FINAL; event_charge[e] = 0; event_reserved[e] = 0
            :: else
            fi
        }
        for (l : g * LPG .. g * LPG + LPG - 1) {
            if
            :: opened[l] && !closed[l] -> write_close(l)
            :: else
            fi
        }
        e = 0; l = 0;
        check() }
    /* Declared lost: not seen for long, and none of its leases may be spent any more. */
    :: atomic { postgres && (gateway[g] == AWAY || gateway[g] == DEAD || gateway[g] == GONE) &&
                any_open(g) && all_expired(g) ->
        lost[g] = true;
        for (l : g * LPG .. g * LPG + LPG - 1) {
            if
            :: row[l] == OPEN -> held = held - hold(l); row[l] = LOST; forget(l)
            :: else
            fi
        }
        l = 0;
        check() }
    od
}

active proctype World()
{
end:
    do
    :: atomic { postgres && outages < OUTAGES -> outages++; postgres = false }
    :: atomic { !postgres -> postgres = true }
    /* Nothing else can happen any more: everything is settled. */
    :: atomic { timeout ->
        assert(held == 0);
        x = 0;
        for (i : 0 .. NE - 1) {
            assert(event[i] == NO_EVENT || event[i] == POSTED || event[i] == VANISHED);
            x = x + event_charge[i]
        }
        assert(spent + overrun == x);
        assert(spent <= BUDGET);
        for (i : 0 .. NL - 1) { assert(row[i] != OPEN) }
        /* Not rules but cases: each of these asserts must be seen to fail. */
#ifdef REACH_OVERRUN
        assert(overrun == 0);
#endif
#ifdef REACH_WHOLE_BUDGET
        assert(spent < BUDGET);
#endif
#ifdef REACH_LATE_GRANT
        assert(!late_row);
#endif
#ifdef REACH_LOST_AND_BACK
        assert(!(lost[0] && gateway[0] == UP && spent > 0));
#endif
        x = 0; i = 0;
        break }
    od
}
