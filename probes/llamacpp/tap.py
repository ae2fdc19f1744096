"""Copies layer outputs out of llama.cpp's compute graph while it runs.

llama.cpp calls ``cb_eval`` twice for each graph tensor: first to ask whether the tensor is
wanted, then, if so, with the data computed. ``l_out-N`` is the output of layer N. The last
layer holds rows only for positions whose logits were asked for.
"""

from __future__ import annotations

from collections.abc import Sequence

import llama_cpp
import numpy as np

from probes.errors import ModelError
from probes.llamacpp.ggml import ggml_base
from probes.llamacpp.looking import Looking
from probes.llamacpp.tensor import Tensor
from probes.state import FloatArray

__all__ = ["LayerTap"]

_PREFIX = b"l_out-"
_FLOAT32_BYTES = 4


class LayerTap:
    """Collects the outputs of chosen layers during a decode call.

    Attributes:
        callback: the C function pointer for ``llama_context_params.cb_eval``. It lives as long
            as the tap, and the tap must outlive the context.
        looking: gets the layers' attention; None for nobody.
    """

    def __init__(self, width: int) -> None:
        self._width = width
        self._ggml = ggml_base()
        self._wanted: dict[bytes, int] = {}
        self._rows: dict[int, list[FloatArray]] = {}
        self._failure: Exception | None = None
        self.looking: Looking | None = None
        self.callback = llama_cpp.ggml_backend_sched_eval_callback(self._on_tensor)

    def open(self, layers: Sequence[int]) -> None:
        """Collect these layers from now on; no layers switches the tap off."""
        self._wanted = {b"%s%d" % (_PREFIX, layer): layer for layer in layers}
        self._rows = {layer: [] for layer in layers}
        self._failure = None

    def close(self) -> dict[int, FloatArray]:
        """Stop and return what was collected.

        Returns:
            Per layer ``[rows, width]``, rows in the order in which they were decoded. Layers
            that the graph does not name are absent.

        Raises:
            ModelError: a tensor could not be copied.
        """
        rows, failure = self._rows, self._failure
        self.open(())
        if failure is not None:
            raise ModelError(f"hidden states could not be read: {failure}") from failure
        return {layer: np.concatenate(parts) for layer, parts in rows.items() if parts}

    def _on_tensor(self, tensor: int, ask: bool, _user_data: int | None) -> bool:
        # llama.cpp calls this for every node of the graph: nothing may be done before this
        # test, and nothing may be raised through C.
        if self.looking is not None and self._look(self.looking, tensor, ask):
            return True
        if not self._wanted:
            return False
        try:
            layer = self._wanted.get(self._ggml.ggml_get_name(tensor))
            if layer is None:
                return False
            if not ask:
                self._rows[layer].append(self._copy(tensor))
        except Exception as error:  # noqa: BLE001 - raised again by close(), outside of C
            self._failure = error
        return True

    def _look(self, looking: Looking, tensor: int, ask: bool) -> bool:
        """Whether the tensor shows attention that is asked for."""
        try:
            found = Tensor(tensor)
            if not looking.wants(found):
                return False
            if ask:
                return looking.asks()
            looking.add(found)
        except Exception as error:  # noqa: BLE001 - told by what looks, outside of C
            looking.fail(error)
        return True

    def _copy(self, tensor: int) -> FloatArray:
        elements = self._ggml.ggml_nelements(tensor)
        size = self._ggml.ggml_nbytes(tensor)
        if size != elements * _FLOAT32_BYTES or elements % self._width:
            raise ModelError(f"layer output has {elements} elements in {size} bytes")
        rows = np.empty((elements // self._width, self._width), dtype=np.float32)
        self._ggml.ggml_backend_tensor_get(tensor, rows.ctypes.data, 0, size)
        return rows
