package dev.zmalloc.store;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * What several threads did to one key, and whether some order of it, one after another, explains all that they saw: an
 * order in which nothing comes before what was over when it began. The search is that of J. Wing and C. Gong, "Testing
 * and verifying concurrent objects", 1993, with the states it has been in remembered (G. Lowe, 2017).
 *
 * <p>Values are numbers above 0; {@value #NONE} is an absent key. Fill in by one thread, once all are done.
 */
final class KeyHistory {
    static final int NONE = 0;

    /** Refused by an operation: the key was not as it wanted it. */
    static final int REFUSED = -1;

    /** What is done to a key. */
    enum Kind {
        /** Sees the value. */
        GET,
        /** Sees whether there is one: any number above 0 stands for that. */
        CONTAINS,
        /** Puts a value, and sees nothing. */
        PUT,
        /** Puts a value where there is none, or is {@link #REFUSED}. */
        PUT_IF_ABSENT,
        /** Puts a value where there is one, or is refused. */
        REPLACE,
        /** Puts a value where the expected one is, or is refused. */
        REPLACE_SAME,
        /** Puts a value, and sees the one before. Also what an update does. */
        GET_AND_PUT,
        /** Removes the value, or is refused if there is none. */
        REMOVE,
        /** Removes the expected value, or is refused. */
        REMOVE_SAME,
        /** Removes the value, and sees it. */
        GET_AND_REMOVE
    }

    /**
     * One operation.
     *
     * @param written the value that it puts
     * @param expected the value that has to be there
     * @param seen what it answered
     * @param start when it was called
     * @param end when it returned
     */
    record Operation(Kind kind, int written, int expected, int seen, long start, long end) {
        private static final int IMPOSSIBLE = Integer.MIN_VALUE;

        /** The state after it in {@code state}, or {@link #IMPOSSIBLE} if it would have seen something else. */
        private int after(int state) {
            return switch (kind) {
                case GET -> seen == state ? state : IMPOSSIBLE;
                case CONTAINS -> seen != NONE == (state != NONE) ? state : IMPOSSIBLE;
                case PUT -> written;
                case PUT_IF_ABSENT -> changed(state, state == NONE, written);
                case REPLACE -> changed(state, state != NONE, written);
                case REPLACE_SAME -> changed(state, state != NONE && state == expected, written);
                case GET_AND_PUT -> seen == state ? written : IMPOSSIBLE;
                case REMOVE -> changed(state, state != NONE, NONE);
                case REMOVE_SAME -> changed(state, state != NONE && state == expected, NONE);
                case GET_AND_REMOVE -> seen == state ? NONE : IMPOSSIBLE;
            };
        }

        private int changed(int state, boolean changes, int to) {
            if (changes == (seen == REFUSED)) {
                return IMPOSSIBLE;
            }
            return changes ? to : state;
        }
    }

    private record Point(long done, int state) {}

    private final List<Operation> operations = new ArrayList<>();
    private final Set<Point> deadEnds = new HashSet<>();

    void add(Operation operation) {
        operations.add(operation);
        if (operations.size() > Long.SIZE) {
            throw new IllegalStateException("more operations on one key than a word has bits");
        }
    }

    int size() {
        return operations.size();
    }

    /** How many pairs of operations overlap in time: without any, a history tells little. */
    int overlaps() {
        int count = 0;
        for (int left = 0; left < operations.size(); left++) {
            for (int right = 0; right < left; right++) {
                boolean isOneFirst = operations.get(left).end()
                                < operations.get(right).start()
                        || operations.get(right).end() < operations.get(left).start();
                count += isOneFirst ? 0 : 1;
            }
        }
        return count;
    }

    /** Tells whether there is such an order, of a key that is absent at first. */
    boolean isLinearizable() {
        operations.sort(Comparator.comparingLong(Operation::start));
        deadEnds.clear();
        return canGoOn(0, NONE);
    }

    private boolean canGoOn(long done, int state) {
        long all = operations.size() == Long.SIZE ? -1L : (1L << operations.size()) - 1;
        if (done == all) {
            return true;
        }
        if (!deadEnds.add(new Point(done, state))) {
            return false;
        }
        long firstEnd = Long.MAX_VALUE;
        for (int index = 0; index < operations.size(); index++) {
            if ((done >>> index & 1) == 0) {
                firstEnd = Math.min(firstEnd, operations.get(index).end());
            }
        }
        for (int index = 0; index < operations.size(); index++) {
            Operation next = operations.get(index);
            if ((done >>> index & 1) == 0 && next.start() <= firstEnd) {
                int after = next.after(state);
                if (after != Operation.IMPOSSIBLE && canGoOn(done | 1L << index, after)) {
                    return true;
                }
            }
        }
        return false;
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        long first = operations.stream().mapToLong(Operation::start).min().orElse(0);
        for (Operation operation : operations) {
            text.append(String.format(
                    "%n  %6d .. %6d  %s written=%d expected=%d seen=%d",
                    operation.start() - first,
                    operation.end() - first,
                    operation.kind(),
                    operation.written(),
                    operation.expected(),
                    operation.seen()));
        }
        return text.toString();
    }
}
