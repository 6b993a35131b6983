package dev.zmalloc.store;

import dev.zmalloc.MemoryAccount;
import dev.zmalloc.MemoryLimits;
import dev.zmalloc.evict.Evictor;
import dev.zmalloc.table.EntryPins;
import dev.zmalloc.table.ReaderEpochs;
import dev.zmalloc.table.SipHash;
import dev.zmalloc.table.StripeSet;
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

    StoreCore(OffHeapStoreBuilder builder) {
        long maxMemory = builder.maxMemory;
        StoreSizing.checkMaxMemory(maxMemory, builder.policy);
        MemoryLimits.warnIfOvercommitted(maxMemory);
        long poolBytes = Evictor.poolBytesBound();
        // So that a limit can be set later.
        long limit = maxMemory == 0 ? Long.MAX_VALUE : maxMemory;
        account = builder.account == null ? new MemoryAccount("store", limit) : builder.account.child("store", limit);
        MemoryAccount refusing = account.refusing(poolBytes);
        if (refusing != null) {
            throw StoreMemory.refusal("no room to open a store", refusing, poolBytes, 0);
        }
        stripes = new Stripe[builder.stripes == 0 ? StoreSizing.stripeCount(maxMemory) : builder.stripes];
        ReaderEpochs epochs = new ReaderEpochs();
        LongUnaryOperator sizes = builder.payload == null ? StoreParts::usableBytes : builder.payload;
        StoreEntries entries = new StoreEntries(epochs, stripes, sizes, builder.millis);
        entries.setVolatileOnly(builder.policy.isVolatile());
        evictor = Evictor.builder()
                .policy(builder.policy)
                .parameters(builder.parameters)
                .target(entries)
                .maxMemory(maxMemory)
                .usedMemory(account::usedMemory)
                .account(account)
                .build();
        parts = new StoreParts(
                account,
                SipHash.random(),
                evictor.clock(),
                epochs,
                new EntryPins(),
                stripes.length,
                new StripeSet(),
                new StripeSet(),
                builder.millis,
                sizes,
                builder.budget(),
                builder.payload != null);
        StripePolicy policy = new StripePolicy(builder.policy, builder.parameters, evictor.rule());
        for (int index = 0; index < stripes.length; index++) {
            stripes[index] = new Stripe(parts, policy, index);
        }
        memory = new StoreMemory(parts, evictor, stripes);
        operations = new StoreOperations(parts, stripes, memory);
        keeper = new StoreKeeper(stripes);
        eviction = new StoreEviction(parts, evictor, entries, memory, keeper, stripes);
        keeper.keep(eviction::proceed);
        scan = new StoreScan(parts, stripes);
    }
}
