/* The life of a statement that takes authority away: in force at nodes that hear it, before the log has judged it.
 *
 * Three voters; one statement, under one warrant that an administrator may withdraw meanwhile, and that he may lift once it is
 * recorded. Two partitions come and go, each cutting one voter off. One voter crashes once and starts again. Once, the log is
 * restored from a backup of its beginning, with what one survivor has (its log and the statements in force there).
 *
 * Every step changes something, and faults are bounded, so that a run ends.
 *
 * A step here is what is atomic in a node: one input of ReplicaNode, one transaction of a store. The log is Raft's, taken as given:
 * one sequence, which its leader may extend while it is on the side of the majority, and which nodes apply one entry after the other.
 * Another leads once the leader is cut off or crashes.
 *
 * Checked by Tests/models:
 *   kept       a node that has said "in force" denies from then on, until the log has refused the statement, or lifted it
 *   settled    when nothing can happen any more, every node has come to the log's verdict, the same for all, and has nothing
 *              pending, if the statement was ever in force (the assertion in `ending`)
 *   ends       every run comes to that: there is no cycle
 */

#define N 3
#define EMPTY 0
#define WITHDRAW 1
#define JUDGE 2
#define LIFT 3
#define LENGTH 4            /* withdraw, judge, lift, and one more judge after a restore */

#define NONE 0
#define RECORDED 1
#define REFUSED 2
#define LIFTED 3

byte entries[LENGTH];       /* the log */
byte length;
bool judged;                /* whether the log has a verdict in it */

byte applied[N];            /* how much of it a node's state reflects */
byte state[N];              /* what the state says of the statement */
bool withdrawn[N];          /* what the state says of the warrant */
bool memory[N];             /* decisions go by the statement beside the state */
bool disk[N];               /* it is kept for the next process */
bool told[N];               /* this node has said that it is in force */
bool up[N] = true;
byte cut = N;               /* the voter that nobody reaches, N for none */
byte leader = 1;

byte partitions = 2;
bool mayCrash = true;
bool mayRestore = true;
bool mayWithdraw = true;
bool mayLift = true;
bool made;                  /* the revoker has brought it to some node */
bool everInForce;

#define denies(i) (memory[i] || state[i] == RECORDED)
#define kept(i) (!up[i] || !told[i] || denies(i) || state[i] == REFUSED || state[i] == LIFTED)
#define reach(i, j) (up[i] && up[j] && cut != i && cut != j)
#define tells(i, j) (i != j && told[i] && disk[i] && reach(i, j) && state[j] == NONE && !withdrawn[j] && !memory[j])
#define brings(i, j) (reach(i, j) && told[j] && disk[j])
#define mayAppend(i) (up[i] && leader == i && cut != i && applied[i] == length && length < LENGTH)
#define done(i) ((state[i] == RECORDED || state[i] == REFUSED || state[i] == LIFTED) && !disk[i] && !memory[i])

/* What a node does with a statement that it hears. It counts by this node's state, or it does not. */
inline hear(i) {
    if
    :: state[i] == NONE && !withdrawn[i] && !memory[i] -> memory[i] = true
    :: else
    fi
}

/* The log's word on the statement, as every node comes to it by applying. */
inline apply(i) {
    if
    :: entries[applied[i]] == WITHDRAW -> withdrawn[i] = true
    :: entries[applied[i]] == JUDGE ->
        if
        :: state[i] != NONE
        :: state[i] == NONE && withdrawn[i] -> state[i] = REFUSED
        :: state[i] == NONE && !withdrawn[i] -> state[i] = RECORDED
        fi
    :: entries[applied[i]] == LIFT ->
        if
        :: state[i] == RECORDED -> state[i] = LIFTED
        :: else
        fi
    fi;
    applied[i]++
}

inline append(what) {
    entries[length] = what;
    length++
}

proctype voter(byte me) {
    do
    /* Its revoker brings it, to anybody. */
    :: atomic { up[me] && !made -> made = true; hear(me) }
    /* First the memory, then the disk, then the answer. */
    :: atomic { up[me] && memory[me] && !disk[me] && state[me] == NONE -> disk[me] = true }
    :: atomic { up[me] && memory[me] && disk[me] && !told[me] -> told[me] = true; everInForce = true }
    /* It tells the others, as long as they have not heard. */
    :: atomic { tells(me, 0) -> hear(0) }
    :: atomic { tells(me, 1) -> hear(1) }
    :: atomic { tells(me, 2) -> hear(2) }
    /* A leader that has it, or to which somebody brings one that does not count by its state, has the log judge it. */
    :: atomic { mayAppend(me) && disk[me] && state[me] == NONE && !judged -> append(JUDGE); judged = true }
    :: atomic {
        mayAppend(me) && state[me] == NONE && withdrawn[me] && !judged && (brings(me, 0) || brings(me, 1) || brings(me, 2)) ->
        append(JUDGE);
        judged = true
       }
    :: atomic { up[me] && cut != me && applied[me] < length -> apply(me) }
    /* The state says what it came to: it alone counts from now on. */
    :: atomic { up[me] && state[me] != NONE && (memory[me] || disk[me]) -> memory[me] = false; disk[me] = false }
    /* A process begins with what its disk holds. */
    :: atomic { !up[me] -> up[me] = true; memory[me] = disk[me] }
    od
}

proctype administrator() {
    do
    :: atomic { mayWithdraw && (mayAppend(0) || mayAppend(1) || mayAppend(2)) -> mayWithdraw = false; append(WITHDRAW) }
    :: mayWithdraw -> mayWithdraw = false
    :: atomic {
        mayLift && judged && ((mayAppend(0) && state[0] == RECORDED) || (mayAppend(1) && state[1] == RECORDED)) ->
        mayLift = false;
        append(LIFT)
       }
    od
}

/* Somebody else leads where this one did. */
inline elect(gone) {
    if
    :: leader == gone -> if :: leader = (gone + 1) % N :: leader = (gone + 2) % N fi
    :: else
    fi
}

inline restore(what, wasTold) {
    survivor = 0;
    do
    :: survivor < N ->
        applied[survivor] = length;
        state[survivor] = what;
        withdrawn[survivor] = false;        /* the backup is older */
        memory[survivor] = false;
        disk[survivor] = false;
        told[survivor] = wasTold;
        up[survivor] = true;
        survivor++
    :: else -> break
    od;
    judged = (what != NONE);
    everInForce = (what == RECORDED)
}

proctype faults() {
    byte survivor;
    do
    :: atomic {
        partitions > 0 && cut == N ->
        partitions--;
        if
        :: cut = 0
        :: cut = 1
        :: cut = 2
        fi;
        elect(cut)
       }
    :: atomic { cut != N -> cut = N }
    :: atomic { mayCrash -> mayCrash = false; up[1] = false; memory[1] = false; elect(1) }
    :: mayCrash -> mayCrash = false
    /* All data is lost but that of one survivor and a backup of the log's beginning: the new cluster is what the survivor
     * exports, what is in force there recorded, told by nobody of those that are gone. */
    :: atomic {
        mayRestore && cut == N ->
        mayRestore = false;
        if
        :: survivor = 0
        :: survivor = 1
        :: survivor = 2
        fi;
        if
        :: (state[survivor] == RECORDED || (state[survivor] == NONE && disk[survivor])) -> restore(RECORDED, told[survivor])
        :: state[survivor] == REFUSED -> restore(REFUSED, false)
        :: state[survivor] == LIFTED -> restore(LIFTED, false)
        :: state[survivor] == NONE && !disk[survivor] -> restore(NONE, false)
        fi;
        survivor = 0
       }
    :: mayRestore -> mayRestore = false
    od
}

init {
    atomic {
        run voter(0);
        run voter(1);
        run voter(2);
        run administrator();
        run faults();
        run ending()
    }
}

/* When nothing can happen any more, faults included. */
proctype ending() {
    timeout ->
    assert(!everInForce || (done(0) && done(1) && done(2) && state[0] == state[1] && state[1] == state[2]))
}

ltl kept { [] (kept(0) && kept(1) && kept(2)) }
