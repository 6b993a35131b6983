package dev.zmalloc.bench.peers;

import java.util.ArrayList;
import java.util.List;

/** One thing to measure: an operation on a peer, by so many threads. */
record PeerCase(Peer peer, Operation operation, int threads) {

    /** What is done to the peer. */
    enum Operation {
        /** Reads only. */
        READ("read", "read"),
        /** Puts of keys that are there. */
        OVERWRITE("overwrite", "overwrite"),
        /** One put in twenty, else reads. */
        MIXED("mixed", "95 % read, 5 % overwrite"),
        /** Reads none of which can begin before the one before has ended. */
        DEPENDENT("dependent", "read, each after the one before");

        /** What is measured unless something else is asked for. */
        static final List<Operation> USUAL = List.of(READ, OVERWRITE, MIXED);

        private final String method;
        private final String title;

        Operation(String method, String title) {
            this.method = method;
            this.title = title;
        }

        String title() {
            return title;
        }

        /** Class and method of the benchmark. */
        String benchmark() {
            return PeerBench.class.getSimpleName() + "." + method;
        }

        @Override
        public String toString() {
            return method;
        }
    }

    static final List<Integer> THREADS = List.of(1, 2);

    /** All there are, in the order to run them: what is compared runs within a few minutes of each other. */
    static List<PeerCase> all(List<Peer> peers, List<Operation> operations) {
        List<PeerCase> cases = new ArrayList<>();
        for (Operation operation : operations) {
            for (int threads : THREADS) {
                for (Peer peer : peers) {
                    cases.add(new PeerCase(peer, operation, threads));
                }
            }
        }
        return cases;
    }

    /** For figures, such as {@code read.2_threads.ohc}. */
    String name() {
        return name(peer, operation, threads);
    }

    static String name(Peer peer, Operation operation, int threads) {
        return operation + "." + threads + (threads == 1 ? "_thread." : "_threads.") + peer.id();
    }
}
