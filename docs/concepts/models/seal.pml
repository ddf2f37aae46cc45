/* Seals: what voters sign of the log while its leader changes. docs/decisions/0034 has the argument.
 *
 * Three voters and one set of them. Member 0 leads in term 1; member 1 may be elected in term 2 at any time, and member 0 does not
 * hear of it and goes on. A change of the voters is not modelled: SealWorld in Tests/SealingTests has those.
 *
 * An entry is its index and the term that committed it. The log is Raft's, taken as given: a leader commits while a quorum is in no
 * later term than its own, and whoever is elected has all that was committed.
 *
 * A seal is dated by a sample of its leader's commit index. What it has to cover is what anybody had committed by then.
 *
 * Every step raises something that is bounded, so that a run ends.
 *
 * Checked by Tests/models:
 *   covers     a seal covers all that was committed by anybody before the sample that dates it
 *   agrees     two seals of one index name one entry
 *   ends       there is no cycle
 */

#define N 3
#define MAX 3               /* entries */
#define SEALS 2             /* openings of a leader */

byte term[N] = 1;           /* a vote for member 1 is the step to 2 */
byte committed;             /* how many entries are, by whichever leader */
byte by[MAX + 1];           /* the term that committed the entry at an index */

/* Of the leader of a term. */
bool leads[3];
byte commit[3];             /* what it knows to be committed */
bool own[3];                /* it has committed an entry of its term */
byte openings[3];
bool open[3];
byte point[3];              /* the index that is to be sealed */
byte before[3];            /* what anybody had committed at the sample */
byte signers[3];             /* who has signed, a bit for each */

byte markTerm[N];           /* what a member signed last; durable, as its term is */
byte mark[N];

byte sealedBy[MAX + 1];     /* the term of the entry that a seal of an index names */
bool stale;
bool contradiction;

#define bit(m) (1 << (m))
#define quorum(s) ((s) == 3 || (s) == 5 || (s) == 6 || (s) == 7)
#define reached(t) ((((term[0] <= t) -> 1 : 0) + ((term[1] <= t) -> 1 : 0) + ((term[2] <= t) -> 1 : 0)) >= 2)

/* For the leader of its term, an entry that it has applied, of that term; nothing below what it has signed. */
#define maySign(m, t) (open[t] && !(signers[t] & bit(m)) && term[m] == t && by[point[t]] == t && point[t] >= mark[m] && markTerm[m] <= t)

inline sign(m, t) {
    signers[t] = signers[t] | bit(m);
    mark[m] = point[t];
    markTerm[m] = t
}

proctype member(byte m) {
    do
    :: atomic { maySign(m, 1) -> sign(m, 1) }
    :: atomic { maySign(m, 2) -> sign(m, 2) }
    /* It hears of the later term; who leads in the former one does not. */
    :: atomic { m == 2 && leads[2] && term[m] == 1 -> term[m] = 2 }
    od
}

/* Two votes, one of the candidate's own. */
proctype election() {
    atomic {
        term[1] = 2;
        if
        :: term[0] = 2
        :: term[2] = 2
        fi;
        leads[2] = true;
        commit[2] = 0
    }
}

proctype leader(byte t) {
    do
    /* With an entry of its term, all before it is committed. */
    :: atomic {
        leads[t] && committed < MAX && reached(t) ->
        committed++;
        by[committed] = t;
        commit[t] = committed;
        own[t] = true
       }
    /* It samples its commit index, and asks for a seal of that. */
    :: atomic {
        leads[t] && own[t] && !open[t] && openings[t] < SEALS ->
        openings[t]++;
        open[t] = true;
        signers[t] = 0;
        point[t] = commit[t];
        before[t] = committed
       }
    :: atomic {
        open[t] && quorum(signers[t]) ->
        open[t] = false;
        if :: point[t] < before[t] -> stale = true :: else fi;
        if
        :: sealedBy[point[t]] != 0 && sealedBy[point[t]] != by[point[t]] -> contradiction = true
        :: else -> sealedBy[point[t]] = by[point[t]]
        fi
       }
    /* Nobody answers in time. */
    :: atomic { open[t] -> open[t] = false }
    od
}

init {
    atomic {
        leads[1] = true;
        run leader(1);
        run leader(2);
        run election();
        run member(0);
        run member(1);
        run member(2)
    }
}

ltl covers { [] !stale }
ltl agrees { [] !contradiction }
