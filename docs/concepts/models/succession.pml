/* Seals while the leader and the voters change. docs/decisions/0034 has the argument, 0017 the rules of a change.
 *
 * Four members, and a change of the voters in two entries of the log: {0, 1, 2}, then both, then {1, 2, 3}. Member 1 leads in term 1. One
 * of the others may be elected in term 2, by the voters that it goes by, which are those of the log that it has applied; member 1 does
 * not hear of it until somebody tells it, and goes on.
 *
 * Unlike in seal.pml the log is not taken as given: it is stored by each member, entry by entry, and what a leader may count as
 * committed follows from who has stored it. Entries are told apart by the term of the leader that made them.
 *
 * A seal needs a quorum of the voters in force at its index, of both sets where they are joint. Whoever follows seals from one set of
 * voters to the next has, with each step, signatures of both; so what is checked here of each seal holds of what it believes.
 *
 * There is one seal, of either leader, at any time. Term 1 has no entries but the two of the change, term 2 one of any kind.
 *
 * Each of these is needed: without the signers' term, the quorum of both sets, one change at a time, a commit in the own term, or the rule
 * who may stand, a seal is found that does not cover what was committed; without the voters' look at the candidate's log, two entries.
 *
 * Every step raises something that is bounded, so that a run ends.
 *
 * Checked by Tests/models:
 *   covers     a seal covers all that was committed by anybody before the sample that dates it
 *   one        two leaders commit no two entries at one index; a seal is of what is committed, so two seals agree, too
 *   ends       there is no cycle
 */

#define N 4
#define FIRST 2             /* entries of term 1, both halves of the change; term 2 has one more */
#define MAX 3

byte term[N] = 1;
byte size[N];               /* entries stored: of term 1, or of the log of term 2's leader */
bool follows[N];            /* its log is that of term 2's leader, as far as it goes */
byte known[N];              /* to be committed */
byte applied[N];

/* Of the leader of a term, by its log. */
byte tail[3];               /* its length */
byte commit[3];
byte voters[15];            /* in force at an index: 0 the old, 1 joint, 2 the new; five for each term */
byte has[12];               /* how much of it each member has said to have stored; four for each term */

bool stands;
bool leads;                 /* in term 2 */
byte heir;                  /* its leader, or who wants to be */
byte votes;
byte base;                  /* what it had when it was elected */

byte seal;                  /* the term of the leader that has opened it; 3 once it is closed */
byte point;
byte before;                /* what anybody had committed at the sample */
byte signers;

byte most;                  /* how many are committed by anybody */
byte madeBy[MAX + 1];       /* the term of the entry that was committed at an index */
bool forked;
hidden byte to;
bool stale;

#define bit(m) (1 << (m))
#define in(s, m) (((s) >> (m)) & 1)
#define old(s) (in(s, 0) + in(s, 1) + in(s, 2) >= 2)
#define new(s) (in(s, 1) + in(s, 2) + in(s, 3) >= 2)
#define quorum(c, s) (((c) == 2 || old(s)) && ((c) == 0 || new(s)))
#define sets(t, i) voters[(t) * 5 + (i)]
#define have(t, m) has[(t) * 4 + (m)]
#define stored(t, i) ((have(t, 0) >= (i)) + 2 * (have(t, 1) >= (i)) + 4 * (have(t, 2) >= (i)) + 8 * (have(t, 3) >= (i)))
#define chief(t) ((t) == 1 -> 1 : heir)
#define isLeader(t) (term[chief(t)] == (t) && ((t) == 1 || leads))
#define made(t, i) ((i) <= base && (t) == 2 -> 1 : (t))
#define limit(t) ((t) == 1 -> FIRST : base + 1)
#define least(a, b) ((a) < (b) -> (a) : (b))
/* It has committed an entry of its term: member 1 before all of this. */
#define isSettled(t) ((t) == 1 || commit[2] > base)

#define next(t) (((t) == 2 && commit[2] < base -> base : commit[t]) + 1)
#define mayChange(t) (isSettled(t) && sets(t, tail[t]) < 2 && sets(t, tail[t]) == sets(t, applied[chief(t)]))
#define isVoter(m) (((m) != 0 || sets(1, applied[m]) < 2) && ((m) != 3 || sets(1, applied[m]) > 0))
#define lacks(t, m) (size[m] < tail[t] || known[m] < least(commit[t], size[m]))
#define maySign(m) (!in(signers, m) && term[m] == seal && applied[m] >= point)

/* The next entry, and with it what is known to be committed; or the latter alone. */
inline tell(t, m) {
    if
    :: t == 2 && !follows[m] ->
        term[m] = 2;
        follows[m] = true;
        size[m] = least(size[m], base)
    :: else ->
        if :: size[m] < tail[t] -> size[m]++ :: else fi
    fi;
    have(t, m) = size[m];
    if :: known[m] < least(commit[t], size[m]) -> known[m] = least(commit[t], size[m]) :: else fi
}

inline append(t, step) {
    tail[t]++;
    sets(t, tail[t]) = sets(t, tail[t] - 1) + step;
    size[chief(t)] = tail[t];
    have(t, chief(t)) = tail[t]
}

proctype leader(byte t) {
    do
    :: atomic { t == 2 && isLeader(t) && tail[t] < limit(t) -> append(t, 0) }
    /* One change at a time, once the last is applied, after a commit in its own term. */
    :: atomic {
        isLeader(t) && tail[t] < limit(t) && mayChange(t) ->
        append(t, 1)
       }
    /* By the voters that it has applied; of the entries of its own term, which bring the others with them. */
    :: atomic {
        isLeader(t) && next(t) <= tail[t] && quorum(sets(t, applied[chief(t)]), stored(t, next(t))) ->
        to = next(t);
        do
        :: commit[t] < to ->
            commit[t]++;
            if
            :: madeBy[commit[t]] == 0 -> madeBy[commit[t]] = made(t, commit[t])
            :: madeBy[commit[t]] != 0 && madeBy[commit[t]] != made(t, commit[t]) -> forked = true
            :: else
            fi
        :: else -> break
        od;
        to = 0;
        known[chief(t)] = commit[t];
        applied[chief(t)] = commit[t];
        if :: most < commit[t] -> most = commit[t] :: else fi
       }
    /* It samples its commit index, and asks for a seal of that, of its own term. */
    :: atomic {
        isLeader(t) && isSettled(t) && commit[t] > 0 && seal == 0 ->
        seal = t;
        point = commit[t];
        before = most
       }
    :: atomic {
        seal == t && quorum(sets(t, point), signers) ->
        seal = 3;
        if :: point < before -> stale = true :: else fi
       }
    od
}

proctype member(byte m) {
    do
    :: atomic { m != 1 && isLeader(1) && term[m] == 1 && lacks(1, m) -> tell(1, m) }
    :: atomic { leads && m != heir && (!follows[m] || lacks(2, m)) -> tell(2, m) }
    :: atomic { applied[m] < known[m] -> applied[m]++ }
    /* For the leader of its term, an entry that it has applied. */
    :: atomic { maySign(m) -> signers = signers | bit(m) }
    /* One that knows of a committed change which it has not applied does not stand, nor does one that is no voter by what it has applied. */
    :: atomic {
        m != 1 && !stands && term[m] == 1 && sets(1, applied[m]) == sets(1, known[m]) && isVoter(m) ->
        stands = true;
        heir = m;
        term[m] = 2;
        votes = bit(m)
       }
    :: atomic { stands && !leads && term[m] == 1 && size[m] <= size[heir] -> term[m] = 2; votes = votes | bit(m) }
    od
}

proctype election() {
    byte i;
    atomic {
        stands && quorum(sets(1, applied[heir]), votes) ->
        leads = true;
        base = size[heir];
        tail[2] = base;
        commit[2] = known[heir];
        follows[heir] = true;
        have(2, heir) = base;
        i = 1;
        do
        :: i <= base -> sets(2, i) = sets(1, i); i++
        :: else -> break
        od;
        i = 0
    }
}

init {
    atomic {
        run leader(1);
        run leader(2);
        run election();
        run member(0);
        run member(1);
        run member(2);
        run member(3)
    }
}

ltl covers { [] !stale }
ltl one { [] !forked }
