package dev.zmalloc.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.store.Codecs;
import dev.zmalloc.store.OffHeapCache;
import dev.zmalloc.store.OffHeapStore;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.Arrays;
import javax.management.JMX;
import javax.management.MBeanAttributeInfo;
import javax.management.MBeanServer;
import javax.management.ObjectName;
import org.junit.jupiter.api.Test;

class StoreManagementTest {
    private static final int LIMIT = 4 << 20;

    private final MBeanServer server = ManagementFactory.getPlatformMBeanServer();

    @Test
    void showsTheStoreAndIsGoneWithIt() throws Exception {
        ObjectName name;
        try (OffHeapStore store = store()) {
            name = new ObjectName(StoreManagement.register(store, "sessions, \"hot\""));
            StoreMXBean bean = JMX.newMXBeanProxy(server, name, StoreMXBean.class);
            store.put(key(1), new byte[100]);
            assertThat(store.get(key(1))).hasSize(100);
            assertThat(store.get(key(2))).isNull();

            assertThat(bean.getEntries()).isOne();
            assertThat(bean.getUsedMemory()).isEqualTo(store.usedMemory());
            assertThat(bean.getMaxMemory()).isEqualTo(LIMIT);
            assertThat(bean.getEvictionPolicy()).isEqualTo("allkeys-lru");
            assertThat(bean.getHits()).isOne();
            assertThat(bean.getHitRatio()).isEqualTo(0.5);
            String[] attributes = Arrays.stream(server.getMBeanInfo(name).getAttributes())
                    .map(MBeanAttributeInfo::getName)
                    .toArray(String[]::new);
            assertThat(server.getAttributes(name, attributes)).hasSameSizeAs(attributes);

            assertThatThrownBy(() -> StoreManagement.register(store, "sessions, \"hot\""))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("already");
            assertThat(server.isRegistered(name)).isTrue();
        }
        assertThat(server.isRegistered(name)).isFalse();
    }

    @Test
    void aCacheIsShownUntilItIsClosed() throws Exception {
        ObjectName name;
        try (OffHeapCache<String, String> cache =
                OffHeapCache.builder(Codecs.STRING, Codecs.STRING).build()) {
            cache.put("key", "value");
            name = new ObjectName(StoreManagement.register(cache, "typed"));
            StoreMXBean bean = JMX.newMXBeanProxy(server, name, StoreMXBean.class);
            assertThat(bean.getEntries()).isOne();
            assertThat(bean.getUsedMemory()).isEqualTo(cache.usedMemory());
        }
        assertThat(server.isRegistered(name)).isFalse();
    }

    @Test
    void limitAndPolicyAreChangedByOperations() throws Exception {
        try (OffHeapStore store = store()) {
            ObjectName name = new ObjectName(StoreManagement.register(store, "changed"));
            StoreMXBean bean = JMX.newMXBeanProxy(server, name, StoreMXBean.class);
            for (int key = 0; key < 8_000; key++) {
                store.put(key(key), new byte[200]);
            }
            bean.changeMaxMemory("1mb");
            while (bean.performEvictions().equals("RUNNING")) {
                assertThat(bean.getExcessBytes()).isNotNegative();
            }
            assertThat(store.usedMemory()).isLessThanOrEqualTo(1 << 20);
            bean.changeEvictionPolicy("allkeys-lfu");
            assertThat(store.eviction().policy()).isEqualTo(EvictionPolicy.ALLKEYS_LFU);
            assertThatThrownBy(() -> bean.changeEvictionPolicy("best"))
                    .hasStackTraceContaining("no eviction policy is called 'best'");
            assertThatThrownBy(() -> bean.changeMaxMemory("17 potatoes")).hasStackTraceContaining("17 potatoes");
            bean.clear();
            assertThat(bean.getEntries()).isZero();
        }
    }

    @Test
    void aClosedStoreIsNotShown() {
        OffHeapStore store = store();
        store.close();
        assertThatThrownBy(() -> StoreManagement.register(store, "closed"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("closed");
    }

    private static OffHeapStore store() {
        return OffHeapStore.builder()
                .maxMemory(LIMIT)
                .evictionPolicy(EvictionPolicy.ALLKEYS_LRU)
                .build();
    }

    private static byte[] key(int number) {
        return ByteBuffer.allocate(Integer.BYTES).putInt(number).array();
    }
}
