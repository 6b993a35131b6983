package dev.zmalloc.store;

import java.util.ArrayList;
import java.util.List;

/** What is to be done when something is closed: each once, in the order of their coming. Any thread. */
final class CloseActions {
    private static final System.Logger LOGGER = System.getLogger(CloseActions.class.getName());

    private final List<Runnable> actions = new ArrayList<>();
    private boolean isRun;

    /** Takes an action, or runs it if the others were run already. */
    void add(Runnable action) {
        synchronized (actions) {
            if (!isRun) {
                actions.add(action);
                return;
            }
        }
        run(action);
    }

    /** Runs the actions. What one throws is logged, and the others are run all the same. */
    void run() {
        List<Runnable> present;
        synchronized (actions) {
            isRun = true;
            present = List.copyOf(actions);
            actions.clear();
        }
        present.forEach(CloseActions::run);
    }

    private static void run(Runnable action) {
        try {
            action.run();
        } catch (RuntimeException e) {
            LOGGER.log(System.Logger.Level.WARNING, "an action at the closing of a store failed", e);
        }
    }
}
