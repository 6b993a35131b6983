package dev.zmalloc.trace;

import java.util.LinkedHashMap;
import java.util.Map;

/** S3-FIFO in plain Java collections, as its paper has it (J. Yang and others, SOSP 2023). */
final class S3FifoModel {
    private static final int MOST_USES = 3;
    private static final int PROMOTE_AT = 2;

    private final long mainBytes;
    private final long maxBytes;
    private final Queue small = new Queue();
    private final Queue main = new Queue();
    private final Queue ghosts = new Queue();

    S3FifoModel(long maxBytes, long smallBytes) {
        this.maxBytes = maxBytes;
        mainBytes = maxBytes - smallBytes;
    }

    /** Makes one request. Returns whether the key was there. */
    boolean serve(int key, int bytes) {
        for (Queue queue : new Queue[] {small, main}) {
            Item item = queue.items.get(key);
            if (item != null) {
                item.uses = Math.min(MOST_USES, item.uses + 1);
                return true;
            }
        }
        boolean isKnown = ghosts.remove(key) != null;
        while (small.bytes + main.bytes + bytes > maxBytes) {
            evict();
        }
        (isKnown ? main : small).add(key, new Item(bytes));
        return false;
    }

    private void evict() {
        boolean isDone = false;
        while (!isDone) {
            boolean fromMain = main.bytes > mainBytes || small.items.isEmpty();
            Queue queue = fromMain ? main : small;
            int key = queue.items.keySet().iterator().next();
            Item item = queue.remove(key);
            if (fromMain ? item.uses > 0 : item.uses >= PROMOTE_AT) {
                item.uses = fromMain ? item.uses - 1 : 0;
                main.add(key, item);
            } else {
                isDone = true;
                if (!fromMain) {
                    remember(key, item);
                }
            }
        }
    }

    private void remember(int key, Item item) {
        ghosts.add(key, item);
        while (ghosts.bytes > mainBytes) {
            ghosts.remove(ghosts.items.keySet().iterator().next());
        }
    }

    private static final class Item {
        final int bytes;
        int uses;

        Item(int bytes) {
            this.bytes = bytes;
        }
    }

    /** The oldest first. */
    private static final class Queue {
        final Map<Integer, Item> items = new LinkedHashMap<>();
        long bytes;

        void add(int key, Item item) {
            items.put(key, item);
            bytes += item.bytes;
        }

        Item remove(int key) {
            Item item = items.remove(key);
            bytes -= item == null ? 0 : item.bytes;
            return item;
        }
    }
}
