"""The process actor: one running business process (流程实例) of the bank's flow."""
