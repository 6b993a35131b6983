package dev.zmalloc.store;

import dev.zmalloc.MemoryAccount;
import dev.zmalloc.MemoryLimits;
import dev.zmalloc.evict.Evictor;
import dev.zmalloc.table.EntryPins;
import dev.zmalloc.table.KeyHash;
import dev.zmalloc.table.ReaderEpochs;
import dev.zmalloc.table.StripeSet;
import java.util.List;
import java.util.function.LongUnaryOperator;

/** The parts of an {@link OffHeapStore}, made and put together. All memory they take so far is the evictor's pool. */
final class StoreCore {
    final MemoryAccount account;
    final Stripe[] stripes;
    final Evictor evictor;
    final StoreParts parts;
    final StoreMemory memory;
    final StoreOperations operations;
    final StoreKeeper keeper;
    final StoreEviction eviction;
    final StoreScan scan;

    /** Puts a store together, and makes it one of the groups at the limits above it. */
    static StoreCore open(OffHeapStoreBuilder builder) {
        List<StoreGroup> groups = StoreGroup.enter(builder.account, List.of(), builder.policy, builder.parameters);
        StoreCore core = null;
        try {
            core = new StoreCore(builder, groups);
        } finally {
            if (core == null) {
                StoreGroup.leave(groups);
            }
        }
        StoreGroup.move(core.memory, groups);
        return core;
    }

    private StoreCore(OffHeapStoreBuilder builder, List<StoreGroup> groups) {
        long maxMemory = builder.maxMemory;
        StoreSizing.checkMaxMemory(maxMemory, builder.policy);
        MemoryLimits.warnIfOvercommitted(maxMemory);
        long poolBytes = Evictor.poolBytesBound();
        // So that a limit can be set later.
        long limit = maxMemory == 0 ? Long.MAX_VALUE : maxMemory;
        account = builder.account == null ? new MemoryAccount("store", limit) : builder.account.child("store", limit);
        stripes = new Stripe[builder.stripes == 0 ? StoreSizing.stripeCount(maxMemory) : builder.stripes];
        ReaderEpochs epochs = new ReaderEpochs();
        LongUnaryOperator sizes = builder.payload == null ? StoreParts::usableBytes : builder.payload;
        EvictedCount evicted = new EvictedCount(stripes);
        EntryPins pins = new EntryPins();
        RemovalNotices notices = builder.notices(pins);
        StoreEntries entries = new StoreEntries(epochs, stripes, sizes, builder.millis, evicted, notices, 0);
        entries.setVolatileOnly(builder.policy.isVolatile());
        Evictor.Builder settings = Evictor.builder()
                .policy(builder.policy)
                .parameters(builder.parameters)
                .target(entries)
                .maxMemory(maxMemory)
                .usedMemory(account::usedMemory)
                .account(account)
                .reserved();
        StoreGroup.reserve(groups, account, poolBytes);
        evictor = groups.isEmpty()
                ? settings.build()
                : settings.sharing(groups.getFirst().evictor()).build();
        parts = new StoreParts(
                account,
                KeyHash.random(),
                epochs,
                pins,
                stripes.length,
                new WriterLanes(account, epochs, pins),
                new StripeSet(),
                new StripeSet(),
                builder.millis,
                sizes,
                builder.budget(),
                builder.payload != null,
                notices);
        StripePolicy policy = StripePolicy.of(evictor);
        for (int index = 0; index < stripes.length; index++) {
            stripes[index] = new Stripe(parts, policy, index);
        }
        memory = new StoreMemory(parts, evictor, stripes, evicted);
        operations = new StoreOperations(parts, stripes, memory);
        keeper = new StoreKeeper(stripes, parts.lanes());
        StoreSlots slots = new StoreSlots(parts, stripes, operations, evictor);
        eviction = new StoreEviction(parts, evictor, entries, memory, keeper, stripes, slots);
        keeper.keep(eviction::proceed);
        scan = new StoreScan(parts, stripes);
    }
}
