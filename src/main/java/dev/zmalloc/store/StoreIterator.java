package dev.zmalloc.store;

import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.function.BiFunction;

/** Copies of a store's entries, or of their keys, by a scan that goes on when those of one step have been taken. */
final class StoreIterator<T> implements Iterator<T> {
    private final StoreScan scan;
    private final BiFunction<MemorySegment, MemorySegment, T> copy;
    private final ArrayDeque<T> ahead = new ArrayDeque<>();
    private long cursor;
    private boolean isOver;

    StoreIterator(StoreScan scan, BiFunction<MemorySegment, MemorySegment, T> copy) {
        this.scan = scan;
        this.copy = copy;
    }

    @Override
    public boolean hasNext() {
        while (ahead.isEmpty() && !isOver) {
            cursor = scan.scan(cursor, 1, (key, value) -> ahead.add(copy.apply(key, value)));
            isOver = cursor == 0;
        }
        return !ahead.isEmpty();
    }

    @Override
    public T next() {
        if (!hasNext()) {
            throw new NoSuchElementException("all entries were given");
        }
        return ahead.remove();
    }
}
