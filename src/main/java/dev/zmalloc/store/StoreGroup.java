package dev.zmalloc.store;

import dev.zmalloc.MemoryAccount;
import dev.zmalloc.evict.EvictionParameters;
import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.evict.EvictionResult;
import dev.zmalloc.evict.Evictor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * The stores that lose entries when a limit is reached: one store, at its own limit; at that of an account above
 * several, all that are under it and go by the same policy with the same parameters, as it is with Redis' databases.
 *
 * <p>The stores of a group share their access clock and rule, so that their entries can be compared, and the group has
 * an evictor of its own with a pool of candidates from all of them, charged to the account. Where accounts with limits
 * are nested, a store is in one group for each, and all of these share clock and rule. Stores of other policies under
 * the account are no victims of the group's; but what they have removed, and is not freed yet, is waited for and freed
 * like the group's own, before anything is evicted.
 *
 * <p>A group is there from when its first store opens until its last is closed. Locks, from the outermost: that for
 * entering and leaving, the evictor's, a stripe's.
 */
final class StoreGroup {
    private static final ReentrantLock CHANGING = new ReentrantLock();

    /** Under {@link #CHANGING}. */
    private static final Map<Kind, StoreGroup> GROUPS = new HashMap<>();

    private static final long PAUSE_NANOS = 50_000;
    private static final long MAX_WAIT_NANOS = 1_000_000_000;

    private record Kind(MemoryAccount account, EvictionPolicy policy, EvictionParameters parameters) {}

    private final Kind kind;
    private final Evictor evictor;

    /** {@code null} for one store at its own limit. */
    private final @Nullable GroupEntries entries;

    private final long poolBytes;

    /** The stores under the account, of whichever policy. */
    private volatile StoreMemory[] bounded;

    /** Stores that are in the group, or about to be. Under {@link #CHANGING}. */
    private int users;

    /** A store alone, at its own limit. */
    StoreGroup(MemoryAccount account, Evictor evictor, StoreMemory store) {
        kind = new Kind(account, evictor.policy(), evictor.parameters());
        this.evictor = evictor;
        entries = null;
        poolBytes = 0;
        bounded = new StoreMemory[] {store};
    }

    /** A group without stores yet, that shares clock and rule with {@code above}. */
    private StoreGroup(Kind kind, @Nullable StoreGroup above) {
        this.kind = kind;
        GroupEntries all = new GroupEntries(kind.policy.isVolatile());
        Evictor.Builder builder =
                Evictor.builder().target(all).account(kind.account).reserved();
        if (above == null) {
            builder.policy(kind.policy).parameters(kind.parameters).population(all::size);
        } else {
            builder.sharing(above.evictor);
        }
        evictor = builder.build();
        poolBytes = evictor.poolBytes();
        entries = all;
        bounded = new StoreMemory[0];
    }

    /**
     * Enters the groups for all limits above a store, which {@linkplain #move moves} there once it can be evicted from.
     *
     * @param lowest the account above the store's own, if any
     * @param present groups that the store is in, which are evicted from where a new one needs room
     * @return the groups, the nearest limit's first; the caller owes a {@link #leave}
     * @throws MaxMemoryException if an account leaves no room for the pool of a new group
     * @throws dev.zmalloc.NativeOutOfMemoryError if there is no memory for it
     */
    static List<StoreGroup> enter(
            @Nullable MemoryAccount lowest,
            List<StoreGroup> present,
            EvictionPolicy policy,
            EvictionParameters parameters) {
        List<StoreGroup> entered = new ArrayList<>();
        List<MemoryAccount> limited = new ArrayList<>();
        for (MemoryAccount account = lowest; account != null; account = account.parent()) {
            if (account.maxMemory() != 0) {
                limited.addFirst(account);
            }
        }
        boolean isDone = false;
        try {
            for (MemoryAccount account : limited) {
                Kind kind = new Kind(account, policy, parameters);
                StoreGroup above = entered.isEmpty() ? null : entered.getFirst();
                StoreGroup group = enter(kind, above, false);
                if (group == null) {
                    // Without the lock: listeners are told of what has to go for it.
                    reserve(present, account, Evictor.poolBytesBound());
                    group = Objects.requireNonNull(enter(kind, above, true));
                }
                entered.addFirst(group);
            }
            isDone = true;
            return entered;
        } finally {
            if (!isDone) {
                leave(entered);
            }
        }
    }

    /**
     * Enters a group, and makes it if it is not there, where the bytes of its pool are reserved: these are used up.
     *
     * @param above shared by all groups of the kind, since whoever is in one of them is in this too
     * @return {@code null} if it is not there and nothing is reserved
     */
    private static @Nullable StoreGroup enter(Kind kind, @Nullable StoreGroup above, boolean isReserved) {
        CHANGING.lock();
        try {
            StoreGroup group = GROUPS.get(kind);
            if (group != null && isReserved) {
                // Another store has made it meanwhile.
                kind.account.release(Evictor.poolBytesBound());
            } else if (group == null && isReserved) {
                group = new StoreGroup(kind, above);
                GROUPS.put(kind, group);
            }
            if (group != null) {
                group.users++;
            }
            return group;
        } finally {
            CHANGING.unlock();
        }
    }

    /**
     * Makes a store one of the groups that were entered for it, and leaves those that it is in. If it has
     * {@linkplain #close left} for good meanwhile, the ones that were entered are left.
     */
    static void move(StoreMemory store, List<StoreGroup> to) {
        CHANGING.lock();
        try {
            List<StoreGroup> from = store.groups();
            if (from == null) {
                leave(to);
                return;
            }
            to.stream().filter(group -> !from.contains(group)).forEach(group -> {
                group.requireEntries().add(store);
                group.accountChanged();
            });
            // Not before: who finds the groups finds the store in them.
            store.setGroups(to);
            from.stream().filter(group -> !to.contains(group)).forEach(group -> group.remove(store));
            leave(from);
        } finally {
            CHANGING.unlock();
        }
    }

    /** Makes a store leave its groups for good. Nothing of it is evicted, or freed, by other stores any more. */
    static void close(StoreMemory store) {
        CHANGING.lock();
        try {
            List<StoreGroup> from = store.groups();
            if (from != null) {
                store.setGroups(null);
                from.forEach(group -> group.remove(store));
                leave(from);
            }
        } finally {
            CHANGING.unlock();
        }
    }

    private void remove(StoreMemory store) {
        requireEntries().remove(store);
        accountChanged();
    }

    /** Leaves groups that were entered, and that the store is not, or not any more, one of. */
    static void leave(List<StoreGroup> groups) {
        CHANGING.lock();
        try {
            // The nearest first: its rule is that of the one above.
            for (StoreGroup group : groups) {
                if (--group.users == 0) {
                    GROUPS.remove(group.kind);
                    group.evictor.close();
                }
            }
        } finally {
            CHANGING.unlock();
        }
    }

    /** Tells all groups at the account which stores there are. */
    private void accountChanged() {
        List<StoreGroup> peers = GROUPS.values().stream()
                .filter(group -> group.kind.account == kind.account)
                .toList();
        StoreMemory[] all = peers.stream()
                .flatMap(group -> Arrays.stream(group.requireEntries().stores()))
                .toArray(StoreMemory[]::new);
        for (StoreGroup peer : peers) {
            peer.bounded = all;
        }
    }

    private GroupEntries requireEntries() {
        if (entries == null) {
            throw new AssertionError("a store alone is no group");
        }
        return entries;
    }

    /** For tests: how many groups there are. */
    static int count() {
        CHANGING.lock();
        try {
            return GROUPS.size();
        } finally {
            CHANGING.unlock();
        }
    }

    /** Whose limit it is. */
    MemoryAccount account() {
        return kind.account;
    }

    Evictor evictor() {
        return evictor;
    }

    private StoreMemory[] victims() {
        return entries == null ? bounded : entries.stores();
    }

    /**
     * Evicts an entry of some store of the group. Holds no lock when it returns or a listener is told.
     *
     * @param causer who wants the memory, if it is a store of them
     * @return as {@link Evictor#evictOne}
     */
    long evictOne(@Nullable StoreMemory causer) {
        if (entries == null) {
            return evictor.evictOne();
        }
        return evictor.evictOne(causer == null ? this : causer.evicted());
    }

    /** Evicts until the account is within its limit, as {@link Evictor#performEvictions}. */
    EvictionResult performEvictions() {
        MemoryAccount limited = kind.account;
        return evictor.performEvictions(() -> limited.usedMemory() - readableBytes() - limited.maxMemory());
    }

    /** Entries of these stores that were evicted, by whomever. */
    long evictions() {
        return sum(victims(), store -> store.evicted().entries());
    }

    long evictedBytes() {
        return sum(victims(), store -> store.evicted().bytes());
    }

    /** Entries of these stores that an evictor took out, as evicted or because they had expired. */
    long removals() {
        return sum(victims(), store -> store.evicted().removals());
    }

    /** Operations of these stores that took memory for a table, and have ended. */
    long ended() {
        return sum(victims(), StoreMemory::ended);
    }

    /** Those, and the ones that hold it. */
    long begun() {
        return sum(victims(), StoreMemory::begun);
    }

    private static long sum(StoreMemory[] stores, ToLongFunction<StoreMemory> figure) {
        long sum = 0;
        for (StoreMemory store : stores) {
            sum += figure.applyAsLong(store);
        }
        return sum;
    }

    /** Whether {@code more} bytes would pass this limit now, whatever those above it say. */
    boolean isOver(long more) {
        return kind.account.refusing(more) == kind.account;
    }

    /** Whether the limit can never hold {@code bytes}, since empty stores take so much. */
    boolean isTooLarge(long bytes) {
        return bytes > kind.account.maxMemory() - poolBytes - sum(bounded, StoreMemory::emptyBytes);
    }

    /** What is free as soon as readers of this moment are done. */
    long readableBytes() {
        return sum(bounded, StoreMemory::readableBytes);
    }

    /** What waits for readers and leases. */
    long heldBytes() {
        return sum(bounded, StoreMemory::heldBytes);
    }

    /** Readers and leases under way. */
    long pins() {
        return sum(bounded, StoreMemory::pins);
    }

    /** Entries that are protected from eviction. */
    long protectedEntries() {
        return sum(bounded, StoreMemory::protectedEntries);
    }

    long reclaim() {
        return sum(bounded, StoreMemory::reclaim);
    }

    boolean hasCleared() {
        for (StoreMemory store : bounded) {
            if (store.hasCleared()) {
                return true;
            }
        }
        return false;
    }

    boolean drainSome() {
        for (StoreMemory store : bounded) {
            if (store.drainSome()) {
                return true;
            }
        }
        return false;
    }

    /**
     * Reserves what a store needs when it opens, or changes its policy, evicting until there is room for it.
     *
     * @param groups that the account is in, or will be
     * @throws MaxMemoryException if there is no room and nothing to evict
     */
    static void reserve(List<StoreGroup> groups, MemoryAccount account, long bytes) {
        long start = System.nanoTime();
        MemoryAccount refusing;
        while ((refusing = account.reserve(bytes)) != null) {
            boolean isWaiting = false;
            boolean hasRoom = false;
            for (StoreGroup group : groups) {
                if (group.kind.account == refusing) {
                    long readable = group.readableBytes();
                    isWaiting = group.hasCleared() || (readable > 0 && !group.isOver(bytes - readable));
                    hasRoom = isWaiting ? group.drainSome() || group.reclaim() > 0 : group.evictOne(null) > 0;
                }
            }
            if (!hasRoom && (!isWaiting || System.nanoTime() - start > MAX_WAIT_NANOS)) {
                throw MaxMemoryException.at("no room to open a store", refusing, bytes, 0);
            }
            if (!hasRoom) {
                LockSupport.parkNanos(PAUSE_NANOS);
            }
        }
    }
}
