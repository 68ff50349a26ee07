from payments.tests.simulator_process import receiver, simulator

__all__ = ["receiver", "simulator"]
