package dev.zmalloc.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.zmalloc.MemoryAccount;
import dev.zmalloc.table.EntryPins;
import dev.zmalloc.table.ReaderEpochs;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class StoreKeeperTest {
    @Test
    void aThreadThatCannotBeStartedIsTriedAgainByTheNextCall() throws InterruptedException {
        int[] made = {0};
        ThreadFactory threads = work -> ++made[0] > 1
                ? Thread.ofPlatform().daemon().unstarted(work)
                : new Thread(work) {
                    @Override
                    public void start() {
                        throw new OutOfMemoryError("of the test: no thread");
                    }
                };
        WriterLanes lanes = new WriterLanes(new MemoryAccount("none", 0), new ReaderEpochs(), new EntryPins());
        StoreKeeper keeper = new StoreKeeper(new Stripe[0], lanes, threads);
        CountDownLatch steps = new CountDownLatch(1);
        keeper.keep(() -> {
            steps.countDown();
            return false;
        });
        assertThatThrownBy(keeper::start).isInstanceOf(OutOfMemoryError.class);
        keeper.start();
        assertThat(steps.await(20, TimeUnit.SECONDS)).isTrue();
        keeper.start();
        assertThat(made[0]).isEqualTo(2);
        keeper.close();
    }
}
